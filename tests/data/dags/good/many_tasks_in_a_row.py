"""A long chain, as a generator writes it."""

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

report = DAG(
    "many_tasks_in_a_row",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
)
t0 = EmptyOperator(task_id="t0", dag=report)
t1 = EmptyOperator(task_id="t1", dag=report)
t2 = EmptyOperator(task_id="t2", dag=report)
t3 = EmptyOperator(task_id="t3", dag=report)
t4 = EmptyOperator(task_id="t4", dag=report)
t5 = EmptyOperator(task_id="t5", dag=report)
t6 = EmptyOperator(task_id="t6", dag=report)
t7 = EmptyOperator(task_id="t7", dag=report)
t8 = EmptyOperator(task_id="t8", dag=report)
t9 = EmptyOperator(task_id="t9", dag=report)
t10 = EmptyOperator(task_id="t10", dag=report)
t11 = EmptyOperator(task_id="t11", dag=report)
t12 = EmptyOperator(task_id="t12", dag=report)
t13 = EmptyOperator(task_id="t13", dag=report)
t14 = EmptyOperator(task_id="t14", dag=report)
t15 = EmptyOperator(task_id="t15", dag=report)
t16 = EmptyOperator(task_id="t16", dag=report)
t17 = EmptyOperator(task_id="t17", dag=report)
t18 = EmptyOperator(task_id="t18", dag=report)
t19 = EmptyOperator(task_id="t19", dag=report)
t20 = EmptyOperator(task_id="t20", dag=report)
t21 = EmptyOperator(task_id="t21", dag=report)
t22 = EmptyOperator(task_id="t22", dag=report)
t23 = EmptyOperator(task_id="t23", dag=report)
t24 = EmptyOperator(task_id="t24", dag=report)
t25 = EmptyOperator(task_id="t25", dag=report)
t26 = EmptyOperator(task_id="t26", dag=report)
t27 = EmptyOperator(task_id="t27", dag=report)
t28 = EmptyOperator(task_id="t28", dag=report)
t29 = EmptyOperator(task_id="t29", dag=report)
t30 = EmptyOperator(task_id="t30", dag=report)
t31 = EmptyOperator(task_id="t31", dag=report)
t32 = EmptyOperator(task_id="t32", dag=report)
t33 = EmptyOperator(task_id="t33", dag=report)
t34 = EmptyOperator(task_id="t34", dag=report)
t35 = EmptyOperator(task_id="t35", dag=report)
t36 = EmptyOperator(task_id="t36", dag=report)
t37 = EmptyOperator(task_id="t37", dag=report)
t38 = EmptyOperator(task_id="t38", dag=report)
t39 = EmptyOperator(task_id="t39", dag=report)
t40 = EmptyOperator(task_id="t40", dag=report)
t41 = EmptyOperator(task_id="t41", dag=report)
t42 = EmptyOperator(task_id="t42", dag=report)
t43 = EmptyOperator(task_id="t43", dag=report)
t44 = EmptyOperator(task_id="t44", dag=report)
t45 = EmptyOperator(task_id="t45", dag=report)
t46 = EmptyOperator(task_id="t46", dag=report)
t47 = EmptyOperator(task_id="t47", dag=report)
t48 = EmptyOperator(task_id="t48", dag=report)
t49 = EmptyOperator(task_id="t49", dag=report)
t50 = EmptyOperator(task_id="t50", dag=report)
t51 = EmptyOperator(task_id="t51", dag=report)
t52 = EmptyOperator(task_id="t52", dag=report)
t53 = EmptyOperator(task_id="t53", dag=report)
t54 = EmptyOperator(task_id="t54", dag=report)
t55 = EmptyOperator(task_id="t55", dag=report)
t56 = EmptyOperator(task_id="t56", dag=report)
t57 = EmptyOperator(task_id="t57", dag=report)
t58 = EmptyOperator(task_id="t58", dag=report)
t59 = EmptyOperator(task_id="t59", dag=report)
t60 = EmptyOperator(task_id="t60", dag=report)
t61 = EmptyOperator(task_id="t61", dag=report)
t62 = EmptyOperator(task_id="t62", dag=report)
t63 = EmptyOperator(task_id="t63", dag=report)
t64 = EmptyOperator(task_id="t64", dag=report)
t65 = EmptyOperator(task_id="t65", dag=report)
t66 = EmptyOperator(task_id="t66", dag=report)
t67 = EmptyOperator(task_id="t67", dag=report)
t68 = EmptyOperator(task_id="t68", dag=report)
t69 = EmptyOperator(task_id="t69", dag=report)
t70 = EmptyOperator(task_id="t70", dag=report)
t71 = EmptyOperator(task_id="t71", dag=report)
t72 = EmptyOperator(task_id="t72", dag=report)
t73 = EmptyOperator(task_id="t73", dag=report)
t74 = EmptyOperator(task_id="t74", dag=report)
t75 = EmptyOperator(task_id="t75", dag=report)
t76 = EmptyOperator(task_id="t76", dag=report)
t77 = EmptyOperator(task_id="t77", dag=report)
t78 = EmptyOperator(task_id="t78", dag=report)
t79 = EmptyOperator(task_id="t79", dag=report)
t80 = EmptyOperator(task_id="t80", dag=report)
t81 = EmptyOperator(task_id="t81", dag=report)
t82 = EmptyOperator(task_id="t82", dag=report)
t83 = EmptyOperator(task_id="t83", dag=report)
t84 = EmptyOperator(task_id="t84", dag=report)
t85 = EmptyOperator(task_id="t85", dag=report)
t86 = EmptyOperator(task_id="t86", dag=report)
t87 = EmptyOperator(task_id="t87", dag=report)
t88 = EmptyOperator(task_id="t88", dag=report)
t89 = EmptyOperator(task_id="t89", dag=report)
t90 = EmptyOperator(task_id="t90", dag=report)
t91 = EmptyOperator(task_id="t91", dag=report)
t92 = EmptyOperator(task_id="t92", dag=report)
t93 = EmptyOperator(task_id="t93", dag=report)
t94 = EmptyOperator(task_id="t94", dag=report)
t95 = EmptyOperator(task_id="t95", dag=report)
t96 = EmptyOperator(task_id="t96", dag=report)
t97 = EmptyOperator(task_id="t97", dag=report)
t98 = EmptyOperator(task_id="t98", dag=report)
t99 = EmptyOperator(task_id="t99", dag=report)
t100 = EmptyOperator(task_id="t100", dag=report)
t101 = EmptyOperator(task_id="t101", dag=report)
t102 = EmptyOperator(task_id="t102", dag=report)
t103 = EmptyOperator(task_id="t103", dag=report)
t104 = EmptyOperator(task_id="t104", dag=report)
t105 = EmptyOperator(task_id="t105", dag=report)
t106 = EmptyOperator(task_id="t106", dag=report)
t107 = EmptyOperator(task_id="t107", dag=report)
t108 = EmptyOperator(task_id="t108", dag=report)
t109 = EmptyOperator(task_id="t109", dag=report)
t110 = EmptyOperator(task_id="t110", dag=report)
t111 = EmptyOperator(task_id="t111", dag=report)
t112 = EmptyOperator(task_id="t112", dag=report)
t113 = EmptyOperator(task_id="t113", dag=report)
t114 = EmptyOperator(task_id="t114", dag=report)
t115 = EmptyOperator(task_id="t115", dag=report)
t116 = EmptyOperator(task_id="t116", dag=report)
t117 = EmptyOperator(task_id="t117", dag=report)
t118 = EmptyOperator(task_id="t118", dag=report)
t119 = EmptyOperator(task_id="t119", dag=report)
t120 = EmptyOperator(task_id="t120", dag=report)
t121 = EmptyOperator(task_id="t121", dag=report)
t122 = EmptyOperator(task_id="t122", dag=report)
t123 = EmptyOperator(task_id="t123", dag=report)
t124 = EmptyOperator(task_id="t124", dag=report)
t125 = EmptyOperator(task_id="t125", dag=report)
t126 = EmptyOperator(task_id="t126", dag=report)
t127 = EmptyOperator(task_id="t127", dag=report)
t128 = EmptyOperator(task_id="t128", dag=report)
t129 = EmptyOperator(task_id="t129", dag=report)
t130 = EmptyOperator(task_id="t130", dag=report)
t131 = EmptyOperator(task_id="t131", dag=report)
t132 = EmptyOperator(task_id="t132", dag=report)
t133 = EmptyOperator(task_id="t133", dag=report)
t134 = EmptyOperator(task_id="t134", dag=report)
t135 = EmptyOperator(task_id="t135", dag=report)
t136 = EmptyOperator(task_id="t136", dag=report)
t137 = EmptyOperator(task_id="t137", dag=report)
t138 = EmptyOperator(task_id="t138", dag=report)
t139 = EmptyOperator(task_id="t139", dag=report)
t140 = EmptyOperator(task_id="t140", dag=report)
t141 = EmptyOperator(task_id="t141", dag=report)
t142 = EmptyOperator(task_id="t142", dag=report)
t143 = EmptyOperator(task_id="t143", dag=report)
t144 = EmptyOperator(task_id="t144", dag=report)
t145 = EmptyOperator(task_id="t145", dag=report)
t146 = EmptyOperator(task_id="t146", dag=report)
t147 = EmptyOperator(task_id="t147", dag=report)
t148 = EmptyOperator(task_id="t148", dag=report)
t149 = EmptyOperator(task_id="t149", dag=report)
t150 = EmptyOperator(task_id="t150", dag=report)
t151 = EmptyOperator(task_id="t151", dag=report)
t152 = EmptyOperator(task_id="t152", dag=report)
t153 = EmptyOperator(task_id="t153", dag=report)
t154 = EmptyOperator(task_id="t154", dag=report)
t155 = EmptyOperator(task_id="t155", dag=report)
t156 = EmptyOperator(task_id="t156", dag=report)
t157 = EmptyOperator(task_id="t157", dag=report)
t158 = EmptyOperator(task_id="t158", dag=report)
t159 = EmptyOperator(task_id="t159", dag=report)
t160 = EmptyOperator(task_id="t160", dag=report)
t161 = EmptyOperator(task_id="t161", dag=report)
t162 = EmptyOperator(task_id="t162", dag=report)
t163 = EmptyOperator(task_id="t163", dag=report)
t164 = EmptyOperator(task_id="t164", dag=report)
t165 = EmptyOperator(task_id="t165", dag=report)
t166 = EmptyOperator(task_id="t166", dag=report)
t167 = EmptyOperator(task_id="t167", dag=report)
t168 = EmptyOperator(task_id="t168", dag=report)
t169 = EmptyOperator(task_id="t169", dag=report)
t170 = EmptyOperator(task_id="t170", dag=report)
t171 = EmptyOperator(task_id="t171", dag=report)
t172 = EmptyOperator(task_id="t172", dag=report)
t173 = EmptyOperator(task_id="t173", dag=report)
t174 = EmptyOperator(task_id="t174", dag=report)
t175 = EmptyOperator(task_id="t175", dag=report)
t176 = EmptyOperator(task_id="t176", dag=report)
t177 = EmptyOperator(task_id="t177", dag=report)
t178 = EmptyOperator(task_id="t178", dag=report)
t179 = EmptyOperator(task_id="t179", dag=report)
t180 = EmptyOperator(task_id="t180", dag=report)
t181 = EmptyOperator(task_id="t181", dag=report)
t182 = EmptyOperator(task_id="t182", dag=report)
t183 = EmptyOperator(task_id="t183", dag=report)
t184 = EmptyOperator(task_id="t184", dag=report)
t185 = EmptyOperator(task_id="t185", dag=report)
t186 = EmptyOperator(task_id="t186", dag=report)
t187 = EmptyOperator(task_id="t187", dag=report)
t188 = EmptyOperator(task_id="t188", dag=report)
t189 = EmptyOperator(task_id="t189", dag=report)
t190 = EmptyOperator(task_id="t190", dag=report)
t191 = EmptyOperator(task_id="t191", dag=report)
t192 = EmptyOperator(task_id="t192", dag=report)
t193 = EmptyOperator(task_id="t193", dag=report)
t194 = EmptyOperator(task_id="t194", dag=report)
t195 = EmptyOperator(task_id="t195", dag=report)
t196 = EmptyOperator(task_id="t196", dag=report)
t197 = EmptyOperator(task_id="t197", dag=report)
t198 = EmptyOperator(task_id="t198", dag=report)
t199 = EmptyOperator(task_id="t199", dag=report)
t200 = EmptyOperator(task_id="t200", dag=report)
t201 = EmptyOperator(task_id="t201", dag=report)
t202 = EmptyOperator(task_id="t202", dag=report)
t203 = EmptyOperator(task_id="t203", dag=report)
t204 = EmptyOperator(task_id="t204", dag=report)
t205 = EmptyOperator(task_id="t205", dag=report)
t206 = EmptyOperator(task_id="t206", dag=report)
t207 = EmptyOperator(task_id="t207", dag=report)
t208 = EmptyOperator(task_id="t208", dag=report)
t209 = EmptyOperator(task_id="t209", dag=report)
t210 = EmptyOperator(task_id="t210", dag=report)
t211 = EmptyOperator(task_id="t211", dag=report)
t212 = EmptyOperator(task_id="t212", dag=report)
t213 = EmptyOperator(task_id="t213", dag=report)
t214 = EmptyOperator(task_id="t214", dag=report)
t215 = EmptyOperator(task_id="t215", dag=report)
t216 = EmptyOperator(task_id="t216", dag=report)
t217 = EmptyOperator(task_id="t217", dag=report)
t218 = EmptyOperator(task_id="t218", dag=report)
t219 = EmptyOperator(task_id="t219", dag=report)
t220 = EmptyOperator(task_id="t220", dag=report)
t221 = EmptyOperator(task_id="t221", dag=report)
t222 = EmptyOperator(task_id="t222", dag=report)
t223 = EmptyOperator(task_id="t223", dag=report)
t224 = EmptyOperator(task_id="t224", dag=report)
t225 = EmptyOperator(task_id="t225", dag=report)
t226 = EmptyOperator(task_id="t226", dag=report)
t227 = EmptyOperator(task_id="t227", dag=report)
t228 = EmptyOperator(task_id="t228", dag=report)
t229 = EmptyOperator(task_id="t229", dag=report)
t230 = EmptyOperator(task_id="t230", dag=report)
t231 = EmptyOperator(task_id="t231", dag=report)
t232 = EmptyOperator(task_id="t232", dag=report)
t233 = EmptyOperator(task_id="t233", dag=report)
t234 = EmptyOperator(task_id="t234", dag=report)
t235 = EmptyOperator(task_id="t235", dag=report)
t236 = EmptyOperator(task_id="t236", dag=report)
t237 = EmptyOperator(task_id="t237", dag=report)
t238 = EmptyOperator(task_id="t238", dag=report)
t239 = EmptyOperator(task_id="t239", dag=report)
t240 = EmptyOperator(task_id="t240", dag=report)
t241 = EmptyOperator(task_id="t241", dag=report)
t242 = EmptyOperator(task_id="t242", dag=report)
t243 = EmptyOperator(task_id="t243", dag=report)
t244 = EmptyOperator(task_id="t244", dag=report)
t245 = EmptyOperator(task_id="t245", dag=report)
t246 = EmptyOperator(task_id="t246", dag=report)
t247 = EmptyOperator(task_id="t247", dag=report)
t248 = EmptyOperator(task_id="t248", dag=report)
t249 = EmptyOperator(task_id="t249", dag=report)
t250 = EmptyOperator(task_id="t250", dag=report)
t251 = EmptyOperator(task_id="t251", dag=report)
t252 = EmptyOperator(task_id="t252", dag=report)
t253 = EmptyOperator(task_id="t253", dag=report)
t254 = EmptyOperator(task_id="t254", dag=report)
t255 = EmptyOperator(task_id="t255", dag=report)
t256 = EmptyOperator(task_id="t256", dag=report)
t257 = EmptyOperator(task_id="t257", dag=report)
t258 = EmptyOperator(task_id="t258", dag=report)
t259 = EmptyOperator(task_id="t259", dag=report)
t260 = EmptyOperator(task_id="t260", dag=report)
t261 = EmptyOperator(task_id="t261", dag=report)
t262 = EmptyOperator(task_id="t262", dag=report)
t263 = EmptyOperator(task_id="t263", dag=report)
t264 = EmptyOperator(task_id="t264", dag=report)
t265 = EmptyOperator(task_id="t265", dag=report)
t266 = EmptyOperator(task_id="t266", dag=report)
t267 = EmptyOperator(task_id="t267", dag=report)
t268 = EmptyOperator(task_id="t268", dag=report)
t269 = EmptyOperator(task_id="t269", dag=report)
t270 = EmptyOperator(task_id="t270", dag=report)
t271 = EmptyOperator(task_id="t271", dag=report)
t272 = EmptyOperator(task_id="t272", dag=report)
t273 = EmptyOperator(task_id="t273", dag=report)
t274 = EmptyOperator(task_id="t274", dag=report)
t275 = EmptyOperator(task_id="t275", dag=report)
t276 = EmptyOperator(task_id="t276", dag=report)
t277 = EmptyOperator(task_id="t277", dag=report)
t278 = EmptyOperator(task_id="t278", dag=report)
t279 = EmptyOperator(task_id="t279", dag=report)
t280 = EmptyOperator(task_id="t280", dag=report)
t281 = EmptyOperator(task_id="t281", dag=report)
t282 = EmptyOperator(task_id="t282", dag=report)
t283 = EmptyOperator(task_id="t283", dag=report)
t284 = EmptyOperator(task_id="t284", dag=report)
t285 = EmptyOperator(task_id="t285", dag=report)
t286 = EmptyOperator(task_id="t286", dag=report)
t287 = EmptyOperator(task_id="t287", dag=report)
t288 = EmptyOperator(task_id="t288", dag=report)
t289 = EmptyOperator(task_id="t289", dag=report)
t290 = EmptyOperator(task_id="t290", dag=report)
t291 = EmptyOperator(task_id="t291", dag=report)
t292 = EmptyOperator(task_id="t292", dag=report)
t293 = EmptyOperator(task_id="t293", dag=report)
t294 = EmptyOperator(task_id="t294", dag=report)
t295 = EmptyOperator(task_id="t295", dag=report)
t296 = EmptyOperator(task_id="t296", dag=report)
t297 = EmptyOperator(task_id="t297", dag=report)
t298 = EmptyOperator(task_id="t298", dag=report)
t299 = EmptyOperator(task_id="t299", dag=report)
t300 = EmptyOperator(task_id="t300", dag=report)
t301 = EmptyOperator(task_id="t301", dag=report)
t302 = EmptyOperator(task_id="t302", dag=report)
t303 = EmptyOperator(task_id="t303", dag=report)
t304 = EmptyOperator(task_id="t304", dag=report)
t305 = EmptyOperator(task_id="t305", dag=report)
t306 = EmptyOperator(task_id="t306", dag=report)
t307 = EmptyOperator(task_id="t307", dag=report)
t308 = EmptyOperator(task_id="t308", dag=report)
t309 = EmptyOperator(task_id="t309", dag=report)
t310 = EmptyOperator(task_id="t310", dag=report)
t311 = EmptyOperator(task_id="t311", dag=report)
t312 = EmptyOperator(task_id="t312", dag=report)
t313 = EmptyOperator(task_id="t313", dag=report)
t314 = EmptyOperator(task_id="t314", dag=report)
t315 = EmptyOperator(task_id="t315", dag=report)
t316 = EmptyOperator(task_id="t316", dag=report)
t317 = EmptyOperator(task_id="t317", dag=report)
t318 = EmptyOperator(task_id="t318", dag=report)
t319 = EmptyOperator(task_id="t319", dag=report)
t320 = EmptyOperator(task_id="t320", dag=report)
t321 = EmptyOperator(task_id="t321", dag=report)
t322 = EmptyOperator(task_id="t322", dag=report)
t323 = EmptyOperator(task_id="t323", dag=report)
t324 = EmptyOperator(task_id="t324", dag=report)
t325 = EmptyOperator(task_id="t325", dag=report)
t326 = EmptyOperator(task_id="t326", dag=report)
t327 = EmptyOperator(task_id="t327", dag=report)
t328 = EmptyOperator(task_id="t328", dag=report)
t329 = EmptyOperator(task_id="t329", dag=report)
t330 = EmptyOperator(task_id="t330", dag=report)
t331 = EmptyOperator(task_id="t331", dag=report)
t332 = EmptyOperator(task_id="t332", dag=report)
t333 = EmptyOperator(task_id="t333", dag=report)
t334 = EmptyOperator(task_id="t334", dag=report)
t335 = EmptyOperator(task_id="t335", dag=report)
t336 = EmptyOperator(task_id="t336", dag=report)
t337 = EmptyOperator(task_id="t337", dag=report)
t338 = EmptyOperator(task_id="t338", dag=report)
t339 = EmptyOperator(task_id="t339", dag=report)
t340 = EmptyOperator(task_id="t340", dag=report)
t341 = EmptyOperator(task_id="t341", dag=report)
t342 = EmptyOperator(task_id="t342", dag=report)
t343 = EmptyOperator(task_id="t343", dag=report)
t344 = EmptyOperator(task_id="t344", dag=report)
t345 = EmptyOperator(task_id="t345", dag=report)
t346 = EmptyOperator(task_id="t346", dag=report)
t347 = EmptyOperator(task_id="t347", dag=report)
t348 = EmptyOperator(task_id="t348", dag=report)
t349 = EmptyOperator(task_id="t349", dag=report)
t350 = EmptyOperator(task_id="t350", dag=report)
t351 = EmptyOperator(task_id="t351", dag=report)
t352 = EmptyOperator(task_id="t352", dag=report)
t353 = EmptyOperator(task_id="t353", dag=report)
t354 = EmptyOperator(task_id="t354", dag=report)
t355 = EmptyOperator(task_id="t355", dag=report)
t356 = EmptyOperator(task_id="t356", dag=report)
t357 = EmptyOperator(task_id="t357", dag=report)
t358 = EmptyOperator(task_id="t358", dag=report)
t359 = EmptyOperator(task_id="t359", dag=report)
t360 = EmptyOperator(task_id="t360", dag=report)
t361 = EmptyOperator(task_id="t361", dag=report)
t362 = EmptyOperator(task_id="t362", dag=report)
t363 = EmptyOperator(task_id="t363", dag=report)
t364 = EmptyOperator(task_id="t364", dag=report)
t365 = EmptyOperator(task_id="t365", dag=report)
t366 = EmptyOperator(task_id="t366", dag=report)
t367 = EmptyOperator(task_id="t367", dag=report)
t368 = EmptyOperator(task_id="t368", dag=report)
t369 = EmptyOperator(task_id="t369", dag=report)
t370 = EmptyOperator(task_id="t370", dag=report)
t371 = EmptyOperator(task_id="t371", dag=report)
t372 = EmptyOperator(task_id="t372", dag=report)
t373 = EmptyOperator(task_id="t373", dag=report)
t374 = EmptyOperator(task_id="t374", dag=report)
t375 = EmptyOperator(task_id="t375", dag=report)
t376 = EmptyOperator(task_id="t376", dag=report)
t377 = EmptyOperator(task_id="t377", dag=report)
t378 = EmptyOperator(task_id="t378", dag=report)
t379 = EmptyOperator(task_id="t379", dag=report)
t380 = EmptyOperator(task_id="t380", dag=report)
t381 = EmptyOperator(task_id="t381", dag=report)
t382 = EmptyOperator(task_id="t382", dag=report)
t383 = EmptyOperator(task_id="t383", dag=report)
t384 = EmptyOperator(task_id="t384", dag=report)
t385 = EmptyOperator(task_id="t385", dag=report)
t386 = EmptyOperator(task_id="t386", dag=report)
t387 = EmptyOperator(task_id="t387", dag=report)
t388 = EmptyOperator(task_id="t388", dag=report)
t389 = EmptyOperator(task_id="t389", dag=report)
t390 = EmptyOperator(task_id="t390", dag=report)
t391 = EmptyOperator(task_id="t391", dag=report)
t392 = EmptyOperator(task_id="t392", dag=report)
t393 = EmptyOperator(task_id="t393", dag=report)
t394 = EmptyOperator(task_id="t394", dag=report)
t395 = EmptyOperator(task_id="t395", dag=report)
t396 = EmptyOperator(task_id="t396", dag=report)
t397 = EmptyOperator(task_id="t397", dag=report)
t398 = EmptyOperator(task_id="t398", dag=report)
t399 = EmptyOperator(task_id="t399", dag=report)
t400 = EmptyOperator(task_id="t400", dag=report)
t401 = EmptyOperator(task_id="t401", dag=report)
t402 = EmptyOperator(task_id="t402", dag=report)
t403 = EmptyOperator(task_id="t403", dag=report)
t404 = EmptyOperator(task_id="t404", dag=report)
t405 = EmptyOperator(task_id="t405", dag=report)
t406 = EmptyOperator(task_id="t406", dag=report)
t407 = EmptyOperator(task_id="t407", dag=report)
t408 = EmptyOperator(task_id="t408", dag=report)
t409 = EmptyOperator(task_id="t409", dag=report)
t410 = EmptyOperator(task_id="t410", dag=report)
t411 = EmptyOperator(task_id="t411", dag=report)
t412 = EmptyOperator(task_id="t412", dag=report)
t413 = EmptyOperator(task_id="t413", dag=report)
t414 = EmptyOperator(task_id="t414", dag=report)
t415 = EmptyOperator(task_id="t415", dag=report)
t416 = EmptyOperator(task_id="t416", dag=report)
t417 = EmptyOperator(task_id="t417", dag=report)
t418 = EmptyOperator(task_id="t418", dag=report)
t419 = EmptyOperator(task_id="t419", dag=report)
t420 = EmptyOperator(task_id="t420", dag=report)
t421 = EmptyOperator(task_id="t421", dag=report)
t422 = EmptyOperator(task_id="t422", dag=report)
t423 = EmptyOperator(task_id="t423", dag=report)
t424 = EmptyOperator(task_id="t424", dag=report)
t425 = EmptyOperator(task_id="t425", dag=report)
t426 = EmptyOperator(task_id="t426", dag=report)
t427 = EmptyOperator(task_id="t427", dag=report)
t428 = EmptyOperator(task_id="t428", dag=report)
t429 = EmptyOperator(task_id="t429", dag=report)
t430 = EmptyOperator(task_id="t430", dag=report)
t431 = EmptyOperator(task_id="t431", dag=report)
t432 = EmptyOperator(task_id="t432", dag=report)
t433 = EmptyOperator(task_id="t433", dag=report)
t434 = EmptyOperator(task_id="t434", dag=report)
t435 = EmptyOperator(task_id="t435", dag=report)
t436 = EmptyOperator(task_id="t436", dag=report)
t437 = EmptyOperator(task_id="t437", dag=report)
t438 = EmptyOperator(task_id="t438", dag=report)
t439 = EmptyOperator(task_id="t439", dag=report)
t440 = EmptyOperator(task_id="t440", dag=report)
t441 = EmptyOperator(task_id="t441", dag=report)
t442 = EmptyOperator(task_id="t442", dag=report)
t443 = EmptyOperator(task_id="t443", dag=report)
t444 = EmptyOperator(task_id="t444", dag=report)
t445 = EmptyOperator(task_id="t445", dag=report)
t446 = EmptyOperator(task_id="t446", dag=report)
t447 = EmptyOperator(task_id="t447", dag=report)
t448 = EmptyOperator(task_id="t448", dag=report)
t449 = EmptyOperator(task_id="t449", dag=report)
t450 = EmptyOperator(task_id="t450", dag=report)
t451 = EmptyOperator(task_id="t451", dag=report)
t452 = EmptyOperator(task_id="t452", dag=report)
t453 = EmptyOperator(task_id="t453", dag=report)
t454 = EmptyOperator(task_id="t454", dag=report)
t455 = EmptyOperator(task_id="t455", dag=report)
t456 = EmptyOperator(task_id="t456", dag=report)
t457 = EmptyOperator(task_id="t457", dag=report)
t458 = EmptyOperator(task_id="t458", dag=report)
t459 = EmptyOperator(task_id="t459", dag=report)
t460 = EmptyOperator(task_id="t460", dag=report)
t461 = EmptyOperator(task_id="t461", dag=report)
t462 = EmptyOperator(task_id="t462", dag=report)
t463 = EmptyOperator(task_id="t463", dag=report)
t464 = EmptyOperator(task_id="t464", dag=report)
t465 = EmptyOperator(task_id="t465", dag=report)
t466 = EmptyOperator(task_id="t466", dag=report)
t467 = EmptyOperator(task_id="t467", dag=report)
t468 = EmptyOperator(task_id="t468", dag=report)
t469 = EmptyOperator(task_id="t469", dag=report)
t470 = EmptyOperator(task_id="t470", dag=report)
t471 = EmptyOperator(task_id="t471", dag=report)
t472 = EmptyOperator(task_id="t472", dag=report)
t473 = EmptyOperator(task_id="t473", dag=report)
t474 = EmptyOperator(task_id="t474", dag=report)
t475 = EmptyOperator(task_id="t475", dag=report)
t476 = EmptyOperator(task_id="t476", dag=report)
t477 = EmptyOperator(task_id="t477", dag=report)
t478 = EmptyOperator(task_id="t478", dag=report)
t479 = EmptyOperator(task_id="t479", dag=report)
t480 = EmptyOperator(task_id="t480", dag=report)
t481 = EmptyOperator(task_id="t481", dag=report)
t482 = EmptyOperator(task_id="t482", dag=report)
t483 = EmptyOperator(task_id="t483", dag=report)
t484 = EmptyOperator(task_id="t484", dag=report)
t485 = EmptyOperator(task_id="t485", dag=report)
t486 = EmptyOperator(task_id="t486", dag=report)
t487 = EmptyOperator(task_id="t487", dag=report)
t488 = EmptyOperator(task_id="t488", dag=report)
t489 = EmptyOperator(task_id="t489", dag=report)
t490 = EmptyOperator(task_id="t490", dag=report)
t491 = EmptyOperator(task_id="t491", dag=report)
t492 = EmptyOperator(task_id="t492", dag=report)
t493 = EmptyOperator(task_id="t493", dag=report)
t494 = EmptyOperator(task_id="t494", dag=report)
t495 = EmptyOperator(task_id="t495", dag=report)
t496 = EmptyOperator(task_id="t496", dag=report)
t497 = EmptyOperator(task_id="t497", dag=report)
t498 = EmptyOperator(task_id="t498", dag=report)
t499 = EmptyOperator(task_id="t499", dag=report)
t500 = EmptyOperator(task_id="t500", dag=report)
t501 = EmptyOperator(task_id="t501", dag=report)
t502 = EmptyOperator(task_id="t502", dag=report)
t503 = EmptyOperator(task_id="t503", dag=report)
t504 = EmptyOperator(task_id="t504", dag=report)
t505 = EmptyOperator(task_id="t505", dag=report)
t506 = EmptyOperator(task_id="t506", dag=report)
t507 = EmptyOperator(task_id="t507", dag=report)
t508 = EmptyOperator(task_id="t508", dag=report)
t509 = EmptyOperator(task_id="t509", dag=report)
t510 = EmptyOperator(task_id="t510", dag=report)
t511 = EmptyOperator(task_id="t511", dag=report)
t512 = EmptyOperator(task_id="t512", dag=report)
t513 = EmptyOperator(task_id="t513", dag=report)
t514 = EmptyOperator(task_id="t514", dag=report)
t515 = EmptyOperator(task_id="t515", dag=report)
t516 = EmptyOperator(task_id="t516", dag=report)
t517 = EmptyOperator(task_id="t517", dag=report)
t518 = EmptyOperator(task_id="t518", dag=report)
t519 = EmptyOperator(task_id="t519", dag=report)
t520 = EmptyOperator(task_id="t520", dag=report)
t521 = EmptyOperator(task_id="t521", dag=report)
t522 = EmptyOperator(task_id="t522", dag=report)
t523 = EmptyOperator(task_id="t523", dag=report)
t524 = EmptyOperator(task_id="t524", dag=report)
t525 = EmptyOperator(task_id="t525", dag=report)
t526 = EmptyOperator(task_id="t526", dag=report)
t527 = EmptyOperator(task_id="t527", dag=report)
t528 = EmptyOperator(task_id="t528", dag=report)
t529 = EmptyOperator(task_id="t529", dag=report)
t530 = EmptyOperator(task_id="t530", dag=report)
t531 = EmptyOperator(task_id="t531", dag=report)
t532 = EmptyOperator(task_id="t532", dag=report)
t533 = EmptyOperator(task_id="t533", dag=report)
t534 = EmptyOperator(task_id="t534", dag=report)
t535 = EmptyOperator(task_id="t535", dag=report)
t536 = EmptyOperator(task_id="t536", dag=report)
t537 = EmptyOperator(task_id="t537", dag=report)
t538 = EmptyOperator(task_id="t538", dag=report)
t539 = EmptyOperator(task_id="t539", dag=report)
t540 = EmptyOperator(task_id="t540", dag=report)
t541 = EmptyOperator(task_id="t541", dag=report)
t542 = EmptyOperator(task_id="t542", dag=report)
t543 = EmptyOperator(task_id="t543", dag=report)
t544 = EmptyOperator(task_id="t544", dag=report)
t545 = EmptyOperator(task_id="t545", dag=report)
t546 = EmptyOperator(task_id="t546", dag=report)
t547 = EmptyOperator(task_id="t547", dag=report)
t548 = EmptyOperator(task_id="t548", dag=report)
t549 = EmptyOperator(task_id="t549", dag=report)
t550 = EmptyOperator(task_id="t550", dag=report)
t551 = EmptyOperator(task_id="t551", dag=report)
t552 = EmptyOperator(task_id="t552", dag=report)
t553 = EmptyOperator(task_id="t553", dag=report)
t554 = EmptyOperator(task_id="t554", dag=report)
t555 = EmptyOperator(task_id="t555", dag=report)
t556 = EmptyOperator(task_id="t556", dag=report)
t557 = EmptyOperator(task_id="t557", dag=report)
t558 = EmptyOperator(task_id="t558", dag=report)
t559 = EmptyOperator(task_id="t559", dag=report)
t560 = EmptyOperator(task_id="t560", dag=report)
t561 = EmptyOperator(task_id="t561", dag=report)
t562 = EmptyOperator(task_id="t562", dag=report)
t563 = EmptyOperator(task_id="t563", dag=report)
t564 = EmptyOperator(task_id="t564", dag=report)
t565 = EmptyOperator(task_id="t565", dag=report)
t566 = EmptyOperator(task_id="t566", dag=report)
t567 = EmptyOperator(task_id="t567", dag=report)
t568 = EmptyOperator(task_id="t568", dag=report)
t569 = EmptyOperator(task_id="t569", dag=report)
t570 = EmptyOperator(task_id="t570", dag=report)
t571 = EmptyOperator(task_id="t571", dag=report)
t572 = EmptyOperator(task_id="t572", dag=report)
t573 = EmptyOperator(task_id="t573", dag=report)
t574 = EmptyOperator(task_id="t574", dag=report)
t575 = EmptyOperator(task_id="t575", dag=report)
t576 = EmptyOperator(task_id="t576", dag=report)
t577 = EmptyOperator(task_id="t577", dag=report)
t578 = EmptyOperator(task_id="t578", dag=report)
t579 = EmptyOperator(task_id="t579", dag=report)
t580 = EmptyOperator(task_id="t580", dag=report)
t581 = EmptyOperator(task_id="t581", dag=report)
t582 = EmptyOperator(task_id="t582", dag=report)
t583 = EmptyOperator(task_id="t583", dag=report)
t584 = EmptyOperator(task_id="t584", dag=report)
t585 = EmptyOperator(task_id="t585", dag=report)
t586 = EmptyOperator(task_id="t586", dag=report)
t587 = EmptyOperator(task_id="t587", dag=report)
t588 = EmptyOperator(task_id="t588", dag=report)
t589 = EmptyOperator(task_id="t589", dag=report)
t590 = EmptyOperator(task_id="t590", dag=report)
t591 = EmptyOperator(task_id="t591", dag=report)
t592 = EmptyOperator(task_id="t592", dag=report)
t593 = EmptyOperator(task_id="t593", dag=report)
t594 = EmptyOperator(task_id="t594", dag=report)
t595 = EmptyOperator(task_id="t595", dag=report)
t596 = EmptyOperator(task_id="t596", dag=report)
t597 = EmptyOperator(task_id="t597", dag=report)
t598 = EmptyOperator(task_id="t598", dag=report)
t599 = EmptyOperator(task_id="t599", dag=report)
t600 = EmptyOperator(task_id="t600", dag=report)
t601 = EmptyOperator(task_id="t601", dag=report)
t602 = EmptyOperator(task_id="t602", dag=report)
t603 = EmptyOperator(task_id="t603", dag=report)
t604 = EmptyOperator(task_id="t604", dag=report)
t605 = EmptyOperator(task_id="t605", dag=report)
t606 = EmptyOperator(task_id="t606", dag=report)
t607 = EmptyOperator(task_id="t607", dag=report)
t608 = EmptyOperator(task_id="t608", dag=report)
t609 = EmptyOperator(task_id="t609", dag=report)
t610 = EmptyOperator(task_id="t610", dag=report)
t611 = EmptyOperator(task_id="t611", dag=report)
t612 = EmptyOperator(task_id="t612", dag=report)
t613 = EmptyOperator(task_id="t613", dag=report)
t614 = EmptyOperator(task_id="t614", dag=report)
t615 = EmptyOperator(task_id="t615", dag=report)
t616 = EmptyOperator(task_id="t616", dag=report)
t617 = EmptyOperator(task_id="t617", dag=report)
t618 = EmptyOperator(task_id="t618", dag=report)
t619 = EmptyOperator(task_id="t619", dag=report)
t620 = EmptyOperator(task_id="t620", dag=report)
t621 = EmptyOperator(task_id="t621", dag=report)
t622 = EmptyOperator(task_id="t622", dag=report)
t623 = EmptyOperator(task_id="t623", dag=report)
t624 = EmptyOperator(task_id="t624", dag=report)
t625 = EmptyOperator(task_id="t625", dag=report)
t626 = EmptyOperator(task_id="t626", dag=report)
t627 = EmptyOperator(task_id="t627", dag=report)
t628 = EmptyOperator(task_id="t628", dag=report)
t629 = EmptyOperator(task_id="t629", dag=report)
t630 = EmptyOperator(task_id="t630", dag=report)
t631 = EmptyOperator(task_id="t631", dag=report)
t632 = EmptyOperator(task_id="t632", dag=report)
t633 = EmptyOperator(task_id="t633", dag=report)
t634 = EmptyOperator(task_id="t634", dag=report)
t635 = EmptyOperator(task_id="t635", dag=report)
t636 = EmptyOperator(task_id="t636", dag=report)
t637 = EmptyOperator(task_id="t637", dag=report)
t638 = EmptyOperator(task_id="t638", dag=report)
t639 = EmptyOperator(task_id="t639", dag=report)
t640 = EmptyOperator(task_id="t640", dag=report)
t641 = EmptyOperator(task_id="t641", dag=report)
t642 = EmptyOperator(task_id="t642", dag=report)
t643 = EmptyOperator(task_id="t643", dag=report)
t644 = EmptyOperator(task_id="t644", dag=report)
t645 = EmptyOperator(task_id="t645", dag=report)
t646 = EmptyOperator(task_id="t646", dag=report)
t647 = EmptyOperator(task_id="t647", dag=report)
t648 = EmptyOperator(task_id="t648", dag=report)
t649 = EmptyOperator(task_id="t649", dag=report)
t650 = EmptyOperator(task_id="t650", dag=report)
t651 = EmptyOperator(task_id="t651", dag=report)
t652 = EmptyOperator(task_id="t652", dag=report)
t653 = EmptyOperator(task_id="t653", dag=report)
t654 = EmptyOperator(task_id="t654", dag=report)
t655 = EmptyOperator(task_id="t655", dag=report)
t656 = EmptyOperator(task_id="t656", dag=report)
t657 = EmptyOperator(task_id="t657", dag=report)
t658 = EmptyOperator(task_id="t658", dag=report)
t659 = EmptyOperator(task_id="t659", dag=report)
t660 = EmptyOperator(task_id="t660", dag=report)
t661 = EmptyOperator(task_id="t661", dag=report)
t662 = EmptyOperator(task_id="t662", dag=report)
t663 = EmptyOperator(task_id="t663", dag=report)
t664 = EmptyOperator(task_id="t664", dag=report)
t665 = EmptyOperator(task_id="t665", dag=report)
t666 = EmptyOperator(task_id="t666", dag=report)
t667 = EmptyOperator(task_id="t667", dag=report)
t668 = EmptyOperator(task_id="t668", dag=report)
t669 = EmptyOperator(task_id="t669", dag=report)
t670 = EmptyOperator(task_id="t670", dag=report)
t671 = EmptyOperator(task_id="t671", dag=report)
t672 = EmptyOperator(task_id="t672", dag=report)
t673 = EmptyOperator(task_id="t673", dag=report)
t674 = EmptyOperator(task_id="t674", dag=report)
t675 = EmptyOperator(task_id="t675", dag=report)
t676 = EmptyOperator(task_id="t676", dag=report)
t677 = EmptyOperator(task_id="t677", dag=report)
t678 = EmptyOperator(task_id="t678", dag=report)
t679 = EmptyOperator(task_id="t679", dag=report)
t680 = EmptyOperator(task_id="t680", dag=report)
t681 = EmptyOperator(task_id="t681", dag=report)
t682 = EmptyOperator(task_id="t682", dag=report)
t683 = EmptyOperator(task_id="t683", dag=report)
t684 = EmptyOperator(task_id="t684", dag=report)
t685 = EmptyOperator(task_id="t685", dag=report)
t686 = EmptyOperator(task_id="t686", dag=report)
t687 = EmptyOperator(task_id="t687", dag=report)
t688 = EmptyOperator(task_id="t688", dag=report)
t689 = EmptyOperator(task_id="t689", dag=report)
t690 = EmptyOperator(task_id="t690", dag=report)
t691 = EmptyOperator(task_id="t691", dag=report)
t692 = EmptyOperator(task_id="t692", dag=report)
t693 = EmptyOperator(task_id="t693", dag=report)
t694 = EmptyOperator(task_id="t694", dag=report)
t695 = EmptyOperator(task_id="t695", dag=report)
t696 = EmptyOperator(task_id="t696", dag=report)
t697 = EmptyOperator(task_id="t697", dag=report)
t698 = EmptyOperator(task_id="t698", dag=report)
t699 = EmptyOperator(task_id="t699", dag=report)
t700 = EmptyOperator(task_id="t700", dag=report)
t701 = EmptyOperator(task_id="t701", dag=report)
t702 = EmptyOperator(task_id="t702", dag=report)
t703 = EmptyOperator(task_id="t703", dag=report)
t704 = EmptyOperator(task_id="t704", dag=report)
t705 = EmptyOperator(task_id="t705", dag=report)
t706 = EmptyOperator(task_id="t706", dag=report)
t707 = EmptyOperator(task_id="t707", dag=report)
t708 = EmptyOperator(task_id="t708", dag=report)
t709 = EmptyOperator(task_id="t709", dag=report)
t710 = EmptyOperator(task_id="t710", dag=report)
t711 = EmptyOperator(task_id="t711", dag=report)
t712 = EmptyOperator(task_id="t712", dag=report)
t713 = EmptyOperator(task_id="t713", dag=report)
t714 = EmptyOperator(task_id="t714", dag=report)
t715 = EmptyOperator(task_id="t715", dag=report)
t716 = EmptyOperator(task_id="t716", dag=report)
t717 = EmptyOperator(task_id="t717", dag=report)
t718 = EmptyOperator(task_id="t718", dag=report)
t719 = EmptyOperator(task_id="t719", dag=report)
t720 = EmptyOperator(task_id="t720", dag=report)
t721 = EmptyOperator(task_id="t721", dag=report)
t722 = EmptyOperator(task_id="t722", dag=report)
t723 = EmptyOperator(task_id="t723", dag=report)
t724 = EmptyOperator(task_id="t724", dag=report)
t725 = EmptyOperator(task_id="t725", dag=report)
t726 = EmptyOperator(task_id="t726", dag=report)
t727 = EmptyOperator(task_id="t727", dag=report)
t728 = EmptyOperator(task_id="t728", dag=report)
t729 = EmptyOperator(task_id="t729", dag=report)
t730 = EmptyOperator(task_id="t730", dag=report)
t731 = EmptyOperator(task_id="t731", dag=report)
t732 = EmptyOperator(task_id="t732", dag=report)
t733 = EmptyOperator(task_id="t733", dag=report)
t734 = EmptyOperator(task_id="t734", dag=report)
t735 = EmptyOperator(task_id="t735", dag=report)
t736 = EmptyOperator(task_id="t736", dag=report)
t737 = EmptyOperator(task_id="t737", dag=report)
t738 = EmptyOperator(task_id="t738", dag=report)
t739 = EmptyOperator(task_id="t739", dag=report)
t740 = EmptyOperator(task_id="t740", dag=report)
t741 = EmptyOperator(task_id="t741", dag=report)
t742 = EmptyOperator(task_id="t742", dag=report)
t743 = EmptyOperator(task_id="t743", dag=report)
t744 = EmptyOperator(task_id="t744", dag=report)
t745 = EmptyOperator(task_id="t745", dag=report)
t746 = EmptyOperator(task_id="t746", dag=report)
t747 = EmptyOperator(task_id="t747", dag=report)
t748 = EmptyOperator(task_id="t748", dag=report)
t749 = EmptyOperator(task_id="t749", dag=report)
t750 = EmptyOperator(task_id="t750", dag=report)
t751 = EmptyOperator(task_id="t751", dag=report)
t752 = EmptyOperator(task_id="t752", dag=report)
t753 = EmptyOperator(task_id="t753", dag=report)
t754 = EmptyOperator(task_id="t754", dag=report)
t755 = EmptyOperator(task_id="t755", dag=report)
t756 = EmptyOperator(task_id="t756", dag=report)
t757 = EmptyOperator(task_id="t757", dag=report)
t758 = EmptyOperator(task_id="t758", dag=report)
t759 = EmptyOperator(task_id="t759", dag=report)
t760 = EmptyOperator(task_id="t760", dag=report)
t761 = EmptyOperator(task_id="t761", dag=report)
t762 = EmptyOperator(task_id="t762", dag=report)
t763 = EmptyOperator(task_id="t763", dag=report)
t764 = EmptyOperator(task_id="t764", dag=report)
t765 = EmptyOperator(task_id="t765", dag=report)
t766 = EmptyOperator(task_id="t766", dag=report)
t767 = EmptyOperator(task_id="t767", dag=report)
t768 = EmptyOperator(task_id="t768", dag=report)
t769 = EmptyOperator(task_id="t769", dag=report)
t770 = EmptyOperator(task_id="t770", dag=report)
t771 = EmptyOperator(task_id="t771", dag=report)
t772 = EmptyOperator(task_id="t772", dag=report)
t773 = EmptyOperator(task_id="t773", dag=report)
t774 = EmptyOperator(task_id="t774", dag=report)
t775 = EmptyOperator(task_id="t775", dag=report)
t776 = EmptyOperator(task_id="t776", dag=report)
t777 = EmptyOperator(task_id="t777", dag=report)
t778 = EmptyOperator(task_id="t778", dag=report)
t779 = EmptyOperator(task_id="t779", dag=report)
t780 = EmptyOperator(task_id="t780", dag=report)
t781 = EmptyOperator(task_id="t781", dag=report)
t782 = EmptyOperator(task_id="t782", dag=report)
t783 = EmptyOperator(task_id="t783", dag=report)
t784 = EmptyOperator(task_id="t784", dag=report)
t785 = EmptyOperator(task_id="t785", dag=report)
t786 = EmptyOperator(task_id="t786", dag=report)
t787 = EmptyOperator(task_id="t787", dag=report)
t788 = EmptyOperator(task_id="t788", dag=report)
t789 = EmptyOperator(task_id="t789", dag=report)
t790 = EmptyOperator(task_id="t790", dag=report)
t791 = EmptyOperator(task_id="t791", dag=report)
t792 = EmptyOperator(task_id="t792", dag=report)
t793 = EmptyOperator(task_id="t793", dag=report)
t794 = EmptyOperator(task_id="t794", dag=report)
t795 = EmptyOperator(task_id="t795", dag=report)
t796 = EmptyOperator(task_id="t796", dag=report)
t797 = EmptyOperator(task_id="t797", dag=report)
t798 = EmptyOperator(task_id="t798", dag=report)
t799 = EmptyOperator(task_id="t799", dag=report)
t800 = EmptyOperator(task_id="t800", dag=report)
t801 = EmptyOperator(task_id="t801", dag=report)
t802 = EmptyOperator(task_id="t802", dag=report)
t803 = EmptyOperator(task_id="t803", dag=report)
t804 = EmptyOperator(task_id="t804", dag=report)
t805 = EmptyOperator(task_id="t805", dag=report)
t806 = EmptyOperator(task_id="t806", dag=report)
t807 = EmptyOperator(task_id="t807", dag=report)
t808 = EmptyOperator(task_id="t808", dag=report)
t809 = EmptyOperator(task_id="t809", dag=report)
t810 = EmptyOperator(task_id="t810", dag=report)
t811 = EmptyOperator(task_id="t811", dag=report)
t812 = EmptyOperator(task_id="t812", dag=report)
t813 = EmptyOperator(task_id="t813", dag=report)
t814 = EmptyOperator(task_id="t814", dag=report)
t815 = EmptyOperator(task_id="t815", dag=report)
t816 = EmptyOperator(task_id="t816", dag=report)
t817 = EmptyOperator(task_id="t817", dag=report)
t818 = EmptyOperator(task_id="t818", dag=report)
t819 = EmptyOperator(task_id="t819", dag=report)
t820 = EmptyOperator(task_id="t820", dag=report)
t821 = EmptyOperator(task_id="t821", dag=report)
t822 = EmptyOperator(task_id="t822", dag=report)
t823 = EmptyOperator(task_id="t823", dag=report)
t824 = EmptyOperator(task_id="t824", dag=report)
t825 = EmptyOperator(task_id="t825", dag=report)
t826 = EmptyOperator(task_id="t826", dag=report)
t827 = EmptyOperator(task_id="t827", dag=report)
t828 = EmptyOperator(task_id="t828", dag=report)
t829 = EmptyOperator(task_id="t829", dag=report)
t830 = EmptyOperator(task_id="t830", dag=report)
t831 = EmptyOperator(task_id="t831", dag=report)
t832 = EmptyOperator(task_id="t832", dag=report)
t833 = EmptyOperator(task_id="t833", dag=report)
t834 = EmptyOperator(task_id="t834", dag=report)
t835 = EmptyOperator(task_id="t835", dag=report)
t836 = EmptyOperator(task_id="t836", dag=report)
t837 = EmptyOperator(task_id="t837", dag=report)
t838 = EmptyOperator(task_id="t838", dag=report)
t839 = EmptyOperator(task_id="t839", dag=report)
t840 = EmptyOperator(task_id="t840", dag=report)
t841 = EmptyOperator(task_id="t841", dag=report)
t842 = EmptyOperator(task_id="t842", dag=report)
t843 = EmptyOperator(task_id="t843", dag=report)
t844 = EmptyOperator(task_id="t844", dag=report)
t845 = EmptyOperator(task_id="t845", dag=report)
t846 = EmptyOperator(task_id="t846", dag=report)
t847 = EmptyOperator(task_id="t847", dag=report)
t848 = EmptyOperator(task_id="t848", dag=report)
t849 = EmptyOperator(task_id="t849", dag=report)
t850 = EmptyOperator(task_id="t850", dag=report)
t851 = EmptyOperator(task_id="t851", dag=report)
t852 = EmptyOperator(task_id="t852", dag=report)
t853 = EmptyOperator(task_id="t853", dag=report)
t854 = EmptyOperator(task_id="t854", dag=report)
t855 = EmptyOperator(task_id="t855", dag=report)
t856 = EmptyOperator(task_id="t856", dag=report)
t857 = EmptyOperator(task_id="t857", dag=report)
t858 = EmptyOperator(task_id="t858", dag=report)
t859 = EmptyOperator(task_id="t859", dag=report)
t860 = EmptyOperator(task_id="t860", dag=report)
t861 = EmptyOperator(task_id="t861", dag=report)
t862 = EmptyOperator(task_id="t862", dag=report)
t863 = EmptyOperator(task_id="t863", dag=report)
t864 = EmptyOperator(task_id="t864", dag=report)
t865 = EmptyOperator(task_id="t865", dag=report)
t866 = EmptyOperator(task_id="t866", dag=report)
t867 = EmptyOperator(task_id="t867", dag=report)
t868 = EmptyOperator(task_id="t868", dag=report)
t869 = EmptyOperator(task_id="t869", dag=report)
t870 = EmptyOperator(task_id="t870", dag=report)
t871 = EmptyOperator(task_id="t871", dag=report)
t872 = EmptyOperator(task_id="t872", dag=report)
t873 = EmptyOperator(task_id="t873", dag=report)
t874 = EmptyOperator(task_id="t874", dag=report)
t875 = EmptyOperator(task_id="t875", dag=report)
t876 = EmptyOperator(task_id="t876", dag=report)
t877 = EmptyOperator(task_id="t877", dag=report)
t878 = EmptyOperator(task_id="t878", dag=report)
t879 = EmptyOperator(task_id="t879", dag=report)
t880 = EmptyOperator(task_id="t880", dag=report)
t881 = EmptyOperator(task_id="t881", dag=report)
t882 = EmptyOperator(task_id="t882", dag=report)
t883 = EmptyOperator(task_id="t883", dag=report)
t884 = EmptyOperator(task_id="t884", dag=report)
t885 = EmptyOperator(task_id="t885", dag=report)
t886 = EmptyOperator(task_id="t886", dag=report)
t887 = EmptyOperator(task_id="t887", dag=report)
t888 = EmptyOperator(task_id="t888", dag=report)
t889 = EmptyOperator(task_id="t889", dag=report)
t890 = EmptyOperator(task_id="t890", dag=report)
t891 = EmptyOperator(task_id="t891", dag=report)
t892 = EmptyOperator(task_id="t892", dag=report)
t893 = EmptyOperator(task_id="t893", dag=report)
t894 = EmptyOperator(task_id="t894", dag=report)
t895 = EmptyOperator(task_id="t895", dag=report)
t896 = EmptyOperator(task_id="t896", dag=report)
t897 = EmptyOperator(task_id="t897", dag=report)
t898 = EmptyOperator(task_id="t898", dag=report)
t899 = EmptyOperator(task_id="t899", dag=report)
t900 = EmptyOperator(task_id="t900", dag=report)
t901 = EmptyOperator(task_id="t901", dag=report)
t902 = EmptyOperator(task_id="t902", dag=report)
t903 = EmptyOperator(task_id="t903", dag=report)
t904 = EmptyOperator(task_id="t904", dag=report)
t905 = EmptyOperator(task_id="t905", dag=report)
t906 = EmptyOperator(task_id="t906", dag=report)
t907 = EmptyOperator(task_id="t907", dag=report)
t908 = EmptyOperator(task_id="t908", dag=report)
t909 = EmptyOperator(task_id="t909", dag=report)
t910 = EmptyOperator(task_id="t910", dag=report)
t911 = EmptyOperator(task_id="t911", dag=report)
t912 = EmptyOperator(task_id="t912", dag=report)
t913 = EmptyOperator(task_id="t913", dag=report)
t914 = EmptyOperator(task_id="t914", dag=report)
t915 = EmptyOperator(task_id="t915", dag=report)
t916 = EmptyOperator(task_id="t916", dag=report)
t917 = EmptyOperator(task_id="t917", dag=report)
t918 = EmptyOperator(task_id="t918", dag=report)
t919 = EmptyOperator(task_id="t919", dag=report)
t920 = EmptyOperator(task_id="t920", dag=report)
t921 = EmptyOperator(task_id="t921", dag=report)
t922 = EmptyOperator(task_id="t922", dag=report)
t923 = EmptyOperator(task_id="t923", dag=report)
t924 = EmptyOperator(task_id="t924", dag=report)
t925 = EmptyOperator(task_id="t925", dag=report)
t926 = EmptyOperator(task_id="t926", dag=report)
t927 = EmptyOperator(task_id="t927", dag=report)
t928 = EmptyOperator(task_id="t928", dag=report)
t929 = EmptyOperator(task_id="t929", dag=report)
t930 = EmptyOperator(task_id="t930", dag=report)
t931 = EmptyOperator(task_id="t931", dag=report)
t932 = EmptyOperator(task_id="t932", dag=report)
t933 = EmptyOperator(task_id="t933", dag=report)
t934 = EmptyOperator(task_id="t934", dag=report)
t935 = EmptyOperator(task_id="t935", dag=report)
t936 = EmptyOperator(task_id="t936", dag=report)
t937 = EmptyOperator(task_id="t937", dag=report)
t938 = EmptyOperator(task_id="t938", dag=report)
t939 = EmptyOperator(task_id="t939", dag=report)
t940 = EmptyOperator(task_id="t940", dag=report)
t941 = EmptyOperator(task_id="t941", dag=report)
t942 = EmptyOperator(task_id="t942", dag=report)
t943 = EmptyOperator(task_id="t943", dag=report)
t944 = EmptyOperator(task_id="t944", dag=report)
t945 = EmptyOperator(task_id="t945", dag=report)
t946 = EmptyOperator(task_id="t946", dag=report)
t947 = EmptyOperator(task_id="t947", dag=report)
t948 = EmptyOperator(task_id="t948", dag=report)
t949 = EmptyOperator(task_id="t949", dag=report)
t950 = EmptyOperator(task_id="t950", dag=report)
t951 = EmptyOperator(task_id="t951", dag=report)
t952 = EmptyOperator(task_id="t952", dag=report)
t953 = EmptyOperator(task_id="t953", dag=report)
t954 = EmptyOperator(task_id="t954", dag=report)
t955 = EmptyOperator(task_id="t955", dag=report)
t956 = EmptyOperator(task_id="t956", dag=report)
t957 = EmptyOperator(task_id="t957", dag=report)
t958 = EmptyOperator(task_id="t958", dag=report)
t959 = EmptyOperator(task_id="t959", dag=report)
t960 = EmptyOperator(task_id="t960", dag=report)
t961 = EmptyOperator(task_id="t961", dag=report)
t962 = EmptyOperator(task_id="t962", dag=report)
t963 = EmptyOperator(task_id="t963", dag=report)
t964 = EmptyOperator(task_id="t964", dag=report)
t965 = EmptyOperator(task_id="t965", dag=report)
t966 = EmptyOperator(task_id="t966", dag=report)
t967 = EmptyOperator(task_id="t967", dag=report)
t968 = EmptyOperator(task_id="t968", dag=report)
t969 = EmptyOperator(task_id="t969", dag=report)
t970 = EmptyOperator(task_id="t970", dag=report)
t971 = EmptyOperator(task_id="t971", dag=report)
t972 = EmptyOperator(task_id="t972", dag=report)
t973 = EmptyOperator(task_id="t973", dag=report)
t974 = EmptyOperator(task_id="t974", dag=report)
t975 = EmptyOperator(task_id="t975", dag=report)
t976 = EmptyOperator(task_id="t976", dag=report)
t977 = EmptyOperator(task_id="t977", dag=report)
t978 = EmptyOperator(task_id="t978", dag=report)
t979 = EmptyOperator(task_id="t979", dag=report)
t980 = EmptyOperator(task_id="t980", dag=report)
t981 = EmptyOperator(task_id="t981", dag=report)
t982 = EmptyOperator(task_id="t982", dag=report)
t983 = EmptyOperator(task_id="t983", dag=report)
t984 = EmptyOperator(task_id="t984", dag=report)
t985 = EmptyOperator(task_id="t985", dag=report)
t986 = EmptyOperator(task_id="t986", dag=report)
t987 = EmptyOperator(task_id="t987", dag=report)
t988 = EmptyOperator(task_id="t988", dag=report)
t989 = EmptyOperator(task_id="t989", dag=report)
t990 = EmptyOperator(task_id="t990", dag=report)
t991 = EmptyOperator(task_id="t991", dag=report)
t992 = EmptyOperator(task_id="t992", dag=report)
t993 = EmptyOperator(task_id="t993", dag=report)
t994 = EmptyOperator(task_id="t994", dag=report)
t995 = EmptyOperator(task_id="t995", dag=report)
t996 = EmptyOperator(task_id="t996", dag=report)
t997 = EmptyOperator(task_id="t997", dag=report)
t998 = EmptyOperator(task_id="t998", dag=report)
t999 = EmptyOperator(task_id="t999", dag=report)
t1000 = EmptyOperator(task_id="t1000", dag=report)
t1001 = EmptyOperator(task_id="t1001", dag=report)
t1002 = EmptyOperator(task_id="t1002", dag=report)
t1003 = EmptyOperator(task_id="t1003", dag=report)
t1004 = EmptyOperator(task_id="t1004", dag=report)
t1005 = EmptyOperator(task_id="t1005", dag=report)
t1006 = EmptyOperator(task_id="t1006", dag=report)
t1007 = EmptyOperator(task_id="t1007", dag=report)
t1008 = EmptyOperator(task_id="t1008", dag=report)
t1009 = EmptyOperator(task_id="t1009", dag=report)
t1010 = EmptyOperator(task_id="t1010", dag=report)
t1011 = EmptyOperator(task_id="t1011", dag=report)
t1012 = EmptyOperator(task_id="t1012", dag=report)
t1013 = EmptyOperator(task_id="t1013", dag=report)
t1014 = EmptyOperator(task_id="t1014", dag=report)
t1015 = EmptyOperator(task_id="t1015", dag=report)
t1016 = EmptyOperator(task_id="t1016", dag=report)
t1017 = EmptyOperator(task_id="t1017", dag=report)
t1018 = EmptyOperator(task_id="t1018", dag=report)
t1019 = EmptyOperator(task_id="t1019", dag=report)
t1020 = EmptyOperator(task_id="t1020", dag=report)
t1021 = EmptyOperator(task_id="t1021", dag=report)
t1022 = EmptyOperator(task_id="t1022", dag=report)
t1023 = EmptyOperator(task_id="t1023", dag=report)
t1024 = EmptyOperator(task_id="t1024", dag=report)
t1025 = EmptyOperator(task_id="t1025", dag=report)
t1026 = EmptyOperator(task_id="t1026", dag=report)
t1027 = EmptyOperator(task_id="t1027", dag=report)
t1028 = EmptyOperator(task_id="t1028", dag=report)
t1029 = EmptyOperator(task_id="t1029", dag=report)
t1030 = EmptyOperator(task_id="t1030", dag=report)
t1031 = EmptyOperator(task_id="t1031", dag=report)
t1032 = EmptyOperator(task_id="t1032", dag=report)
t1033 = EmptyOperator(task_id="t1033", dag=report)
t1034 = EmptyOperator(task_id="t1034", dag=report)
t1035 = EmptyOperator(task_id="t1035", dag=report)
t1036 = EmptyOperator(task_id="t1036", dag=report)
t1037 = EmptyOperator(task_id="t1037", dag=report)
t1038 = EmptyOperator(task_id="t1038", dag=report)
t1039 = EmptyOperator(task_id="t1039", dag=report)
t1040 = EmptyOperator(task_id="t1040", dag=report)
t1041 = EmptyOperator(task_id="t1041", dag=report)
t1042 = EmptyOperator(task_id="t1042", dag=report)
t1043 = EmptyOperator(task_id="t1043", dag=report)
t1044 = EmptyOperator(task_id="t1044", dag=report)
t1045 = EmptyOperator(task_id="t1045", dag=report)
t1046 = EmptyOperator(task_id="t1046", dag=report)
t1047 = EmptyOperator(task_id="t1047", dag=report)
t1048 = EmptyOperator(task_id="t1048", dag=report)
t1049 = EmptyOperator(task_id="t1049", dag=report)
t1050 = EmptyOperator(task_id="t1050", dag=report)
t1051 = EmptyOperator(task_id="t1051", dag=report)
t1052 = EmptyOperator(task_id="t1052", dag=report)
t1053 = EmptyOperator(task_id="t1053", dag=report)
t1054 = EmptyOperator(task_id="t1054", dag=report)
t1055 = EmptyOperator(task_id="t1055", dag=report)
t1056 = EmptyOperator(task_id="t1056", dag=report)
t1057 = EmptyOperator(task_id="t1057", dag=report)
t1058 = EmptyOperator(task_id="t1058", dag=report)
t1059 = EmptyOperator(task_id="t1059", dag=report)
t1060 = EmptyOperator(task_id="t1060", dag=report)
t1061 = EmptyOperator(task_id="t1061", dag=report)
t1062 = EmptyOperator(task_id="t1062", dag=report)
t1063 = EmptyOperator(task_id="t1063", dag=report)
t1064 = EmptyOperator(task_id="t1064", dag=report)
t1065 = EmptyOperator(task_id="t1065", dag=report)
t1066 = EmptyOperator(task_id="t1066", dag=report)
t1067 = EmptyOperator(task_id="t1067", dag=report)
t1068 = EmptyOperator(task_id="t1068", dag=report)
t1069 = EmptyOperator(task_id="t1069", dag=report)
t1070 = EmptyOperator(task_id="t1070", dag=report)
t1071 = EmptyOperator(task_id="t1071", dag=report)
t1072 = EmptyOperator(task_id="t1072", dag=report)
t1073 = EmptyOperator(task_id="t1073", dag=report)
t1074 = EmptyOperator(task_id="t1074", dag=report)
t1075 = EmptyOperator(task_id="t1075", dag=report)
t1076 = EmptyOperator(task_id="t1076", dag=report)
t1077 = EmptyOperator(task_id="t1077", dag=report)
t1078 = EmptyOperator(task_id="t1078", dag=report)
t1079 = EmptyOperator(task_id="t1079", dag=report)
t1080 = EmptyOperator(task_id="t1080", dag=report)
t1081 = EmptyOperator(task_id="t1081", dag=report)
t1082 = EmptyOperator(task_id="t1082", dag=report)
t1083 = EmptyOperator(task_id="t1083", dag=report)
t1084 = EmptyOperator(task_id="t1084", dag=report)
t1085 = EmptyOperator(task_id="t1085", dag=report)
t1086 = EmptyOperator(task_id="t1086", dag=report)
t1087 = EmptyOperator(task_id="t1087", dag=report)
t1088 = EmptyOperator(task_id="t1088", dag=report)
t1089 = EmptyOperator(task_id="t1089", dag=report)
t1090 = EmptyOperator(task_id="t1090", dag=report)
t1091 = EmptyOperator(task_id="t1091", dag=report)
t1092 = EmptyOperator(task_id="t1092", dag=report)
t1093 = EmptyOperator(task_id="t1093", dag=report)
t1094 = EmptyOperator(task_id="t1094", dag=report)
t1095 = EmptyOperator(task_id="t1095", dag=report)
t1096 = EmptyOperator(task_id="t1096", dag=report)
t1097 = EmptyOperator(task_id="t1097", dag=report)
t1098 = EmptyOperator(task_id="t1098", dag=report)
t1099 = EmptyOperator(task_id="t1099", dag=report)
t1100 = EmptyOperator(task_id="t1100", dag=report)
t1101 = EmptyOperator(task_id="t1101", dag=report)
t1102 = EmptyOperator(task_id="t1102", dag=report)
t1103 = EmptyOperator(task_id="t1103", dag=report)
t1104 = EmptyOperator(task_id="t1104", dag=report)
t1105 = EmptyOperator(task_id="t1105", dag=report)
t1106 = EmptyOperator(task_id="t1106", dag=report)
t1107 = EmptyOperator(task_id="t1107", dag=report)
t1108 = EmptyOperator(task_id="t1108", dag=report)
t1109 = EmptyOperator(task_id="t1109", dag=report)
t1110 = EmptyOperator(task_id="t1110", dag=report)
t1111 = EmptyOperator(task_id="t1111", dag=report)
t1112 = EmptyOperator(task_id="t1112", dag=report)
t1113 = EmptyOperator(task_id="t1113", dag=report)
t1114 = EmptyOperator(task_id="t1114", dag=report)
t1115 = EmptyOperator(task_id="t1115", dag=report)
t1116 = EmptyOperator(task_id="t1116", dag=report)
t1117 = EmptyOperator(task_id="t1117", dag=report)
t1118 = EmptyOperator(task_id="t1118", dag=report)
t1119 = EmptyOperator(task_id="t1119", dag=report)
t1120 = EmptyOperator(task_id="t1120", dag=report)
t1121 = EmptyOperator(task_id="t1121", dag=report)
t1122 = EmptyOperator(task_id="t1122", dag=report)
t1123 = EmptyOperator(task_id="t1123", dag=report)
t1124 = EmptyOperator(task_id="t1124", dag=report)
t1125 = EmptyOperator(task_id="t1125", dag=report)
t1126 = EmptyOperator(task_id="t1126", dag=report)
t1127 = EmptyOperator(task_id="t1127", dag=report)
t1128 = EmptyOperator(task_id="t1128", dag=report)
t1129 = EmptyOperator(task_id="t1129", dag=report)
t1130 = EmptyOperator(task_id="t1130", dag=report)
t1131 = EmptyOperator(task_id="t1131", dag=report)
t1132 = EmptyOperator(task_id="t1132", dag=report)
t1133 = EmptyOperator(task_id="t1133", dag=report)
t1134 = EmptyOperator(task_id="t1134", dag=report)
t1135 = EmptyOperator(task_id="t1135", dag=report)
t1136 = EmptyOperator(task_id="t1136", dag=report)
t1137 = EmptyOperator(task_id="t1137", dag=report)
t1138 = EmptyOperator(task_id="t1138", dag=report)
t1139 = EmptyOperator(task_id="t1139", dag=report)
t1140 = EmptyOperator(task_id="t1140", dag=report)
t1141 = EmptyOperator(task_id="t1141", dag=report)
t1142 = EmptyOperator(task_id="t1142", dag=report)
t1143 = EmptyOperator(task_id="t1143", dag=report)
t1144 = EmptyOperator(task_id="t1144", dag=report)
t1145 = EmptyOperator(task_id="t1145", dag=report)
t1146 = EmptyOperator(task_id="t1146", dag=report)
t1147 = EmptyOperator(task_id="t1147", dag=report)
t1148 = EmptyOperator(task_id="t1148", dag=report)
t1149 = EmptyOperator(task_id="t1149", dag=report)
t1150 = EmptyOperator(task_id="t1150", dag=report)
t1151 = EmptyOperator(task_id="t1151", dag=report)
t1152 = EmptyOperator(task_id="t1152", dag=report)
t1153 = EmptyOperator(task_id="t1153", dag=report)
t1154 = EmptyOperator(task_id="t1154", dag=report)
t1155 = EmptyOperator(task_id="t1155", dag=report)
t1156 = EmptyOperator(task_id="t1156", dag=report)
t1157 = EmptyOperator(task_id="t1157", dag=report)
t1158 = EmptyOperator(task_id="t1158", dag=report)
t1159 = EmptyOperator(task_id="t1159", dag=report)
t1160 = EmptyOperator(task_id="t1160", dag=report)
t1161 = EmptyOperator(task_id="t1161", dag=report)
t1162 = EmptyOperator(task_id="t1162", dag=report)
t1163 = EmptyOperator(task_id="t1163", dag=report)
t1164 = EmptyOperator(task_id="t1164", dag=report)
t1165 = EmptyOperator(task_id="t1165", dag=report)
t1166 = EmptyOperator(task_id="t1166", dag=report)
t1167 = EmptyOperator(task_id="t1167", dag=report)
t1168 = EmptyOperator(task_id="t1168", dag=report)
t1169 = EmptyOperator(task_id="t1169", dag=report)
t1170 = EmptyOperator(task_id="t1170", dag=report)
t1171 = EmptyOperator(task_id="t1171", dag=report)
t1172 = EmptyOperator(task_id="t1172", dag=report)
t1173 = EmptyOperator(task_id="t1173", dag=report)
t1174 = EmptyOperator(task_id="t1174", dag=report)
t1175 = EmptyOperator(task_id="t1175", dag=report)
t1176 = EmptyOperator(task_id="t1176", dag=report)
t1177 = EmptyOperator(task_id="t1177", dag=report)
t1178 = EmptyOperator(task_id="t1178", dag=report)
t1179 = EmptyOperator(task_id="t1179", dag=report)
t1180 = EmptyOperator(task_id="t1180", dag=report)
t1181 = EmptyOperator(task_id="t1181", dag=report)
t1182 = EmptyOperator(task_id="t1182", dag=report)
t1183 = EmptyOperator(task_id="t1183", dag=report)
t1184 = EmptyOperator(task_id="t1184", dag=report)
t1185 = EmptyOperator(task_id="t1185", dag=report)
t1186 = EmptyOperator(task_id="t1186", dag=report)
t1187 = EmptyOperator(task_id="t1187", dag=report)
t1188 = EmptyOperator(task_id="t1188", dag=report)
t1189 = EmptyOperator(task_id="t1189", dag=report)
t1190 = EmptyOperator(task_id="t1190", dag=report)
t1191 = EmptyOperator(task_id="t1191", dag=report)
t1192 = EmptyOperator(task_id="t1192", dag=report)
t1193 = EmptyOperator(task_id="t1193", dag=report)
t1194 = EmptyOperator(task_id="t1194", dag=report)
t1195 = EmptyOperator(task_id="t1195", dag=report)
t1196 = EmptyOperator(task_id="t1196", dag=report)
t1197 = EmptyOperator(task_id="t1197", dag=report)
t1198 = EmptyOperator(task_id="t1198", dag=report)
t1199 = EmptyOperator(task_id="t1199", dag=report)
(
    t0
    >> t1
    >> t2
    >> t3
    >> t4
    >> t5
    >> t6
    >> t7
    >> t8
    >> t9
    >> t10
    >> t11
    >> t12
    >> t13
    >> t14
    >> t15
    >> t16
    >> t17
    >> t18
    >> t19
    >> t20
    >> t21
    >> t22
    >> t23
    >> t24
    >> t25
    >> t26
    >> t27
    >> t28
    >> t29
    >> t30
    >> t31
    >> t32
    >> t33
    >> t34
    >> t35
    >> t36
    >> t37
    >> t38
    >> t39
    >> t40
    >> t41
    >> t42
    >> t43
    >> t44
    >> t45
    >> t46
    >> t47
    >> t48
    >> t49
    >> t50
    >> t51
    >> t52
    >> t53
    >> t54
    >> t55
    >> t56
    >> t57
    >> t58
    >> t59
    >> t60
    >> t61
    >> t62
    >> t63
    >> t64
    >> t65
    >> t66
    >> t67
    >> t68
    >> t69
    >> t70
    >> t71
    >> t72
    >> t73
    >> t74
    >> t75
    >> t76
    >> t77
    >> t78
    >> t79
    >> t80
    >> t81
    >> t82
    >> t83
    >> t84
    >> t85
    >> t86
    >> t87
    >> t88
    >> t89
    >> t90
    >> t91
    >> t92
    >> t93
    >> t94
    >> t95
    >> t96
    >> t97
    >> t98
    >> t99
    >> t100
    >> t101
    >> t102
    >> t103
    >> t104
    >> t105
    >> t106
    >> t107
    >> t108
    >> t109
    >> t110
    >> t111
    >> t112
    >> t113
    >> t114
    >> t115
    >> t116
    >> t117
    >> t118
    >> t119
    >> t120
    >> t121
    >> t122
    >> t123
    >> t124
    >> t125
    >> t126
    >> t127
    >> t128
    >> t129
    >> t130
    >> t131
    >> t132
    >> t133
    >> t134
    >> t135
    >> t136
    >> t137
    >> t138
    >> t139
    >> t140
    >> t141
    >> t142
    >> t143
    >> t144
    >> t145
    >> t146
    >> t147
    >> t148
    >> t149
    >> t150
    >> t151
    >> t152
    >> t153
    >> t154
    >> t155
    >> t156
    >> t157
    >> t158
    >> t159
    >> t160
    >> t161
    >> t162
    >> t163
    >> t164
    >> t165
    >> t166
    >> t167
    >> t168
    >> t169
    >> t170
    >> t171
    >> t172
    >> t173
    >> t174
    >> t175
    >> t176
    >> t177
    >> t178
    >> t179
    >> t180
    >> t181
    >> t182
    >> t183
    >> t184
    >> t185
    >> t186
    >> t187
    >> t188
    >> t189
    >> t190
    >> t191
    >> t192
    >> t193
    >> t194
    >> t195
    >> t196
    >> t197
    >> t198
    >> t199
    >> t200
    >> t201
    >> t202
    >> t203
    >> t204
    >> t205
    >> t206
    >> t207
    >> t208
    >> t209
    >> t210
    >> t211
    >> t212
    >> t213
    >> t214
    >> t215
    >> t216
    >> t217
    >> t218
    >> t219
    >> t220
    >> t221
    >> t222
    >> t223
    >> t224
    >> t225
    >> t226
    >> t227
    >> t228
    >> t229
    >> t230
    >> t231
    >> t232
    >> t233
    >> t234
    >> t235
    >> t236
    >> t237
    >> t238
    >> t239
    >> t240
    >> t241
    >> t242
    >> t243
    >> t244
    >> t245
    >> t246
    >> t247
    >> t248
    >> t249
    >> t250
    >> t251
    >> t252
    >> t253
    >> t254
    >> t255
    >> t256
    >> t257
    >> t258
    >> t259
    >> t260
    >> t261
    >> t262
    >> t263
    >> t264
    >> t265
    >> t266
    >> t267
    >> t268
    >> t269
    >> t270
    >> t271
    >> t272
    >> t273
    >> t274
    >> t275
    >> t276
    >> t277
    >> t278
    >> t279
    >> t280
    >> t281
    >> t282
    >> t283
    >> t284
    >> t285
    >> t286
    >> t287
    >> t288
    >> t289
    >> t290
    >> t291
    >> t292
    >> t293
    >> t294
    >> t295
    >> t296
    >> t297
    >> t298
    >> t299
    >> t300
    >> t301
    >> t302
    >> t303
    >> t304
    >> t305
    >> t306
    >> t307
    >> t308
    >> t309
    >> t310
    >> t311
    >> t312
    >> t313
    >> t314
    >> t315
    >> t316
    >> t317
    >> t318
    >> t319
    >> t320
    >> t321
    >> t322
    >> t323
    >> t324
    >> t325
    >> t326
    >> t327
    >> t328
    >> t329
    >> t330
    >> t331
    >> t332
    >> t333
    >> t334
    >> t335
    >> t336
    >> t337
    >> t338
    >> t339
    >> t340
    >> t341
    >> t342
    >> t343
    >> t344
    >> t345
    >> t346
    >> t347
    >> t348
    >> t349
    >> t350
    >> t351
    >> t352
    >> t353
    >> t354
    >> t355
    >> t356
    >> t357
    >> t358
    >> t359
    >> t360
    >> t361
    >> t362
    >> t363
    >> t364
    >> t365
    >> t366
    >> t367
    >> t368
    >> t369
    >> t370
    >> t371
    >> t372
    >> t373
    >> t374
    >> t375
    >> t376
    >> t377
    >> t378
    >> t379
    >> t380
    >> t381
    >> t382
    >> t383
    >> t384
    >> t385
    >> t386
    >> t387
    >> t388
    >> t389
    >> t390
    >> t391
    >> t392
    >> t393
    >> t394
    >> t395
    >> t396
    >> t397
    >> t398
    >> t399
    >> t400
    >> t401
    >> t402
    >> t403
    >> t404
    >> t405
    >> t406
    >> t407
    >> t408
    >> t409
    >> t410
    >> t411
    >> t412
    >> t413
    >> t414
    >> t415
    >> t416
    >> t417
    >> t418
    >> t419
    >> t420
    >> t421
    >> t422
    >> t423
    >> t424
    >> t425
    >> t426
    >> t427
    >> t428
    >> t429
    >> t430
    >> t431
    >> t432
    >> t433
    >> t434
    >> t435
    >> t436
    >> t437
    >> t438
    >> t439
    >> t440
    >> t441
    >> t442
    >> t443
    >> t444
    >> t445
    >> t446
    >> t447
    >> t448
    >> t449
    >> t450
    >> t451
    >> t452
    >> t453
    >> t454
    >> t455
    >> t456
    >> t457
    >> t458
    >> t459
    >> t460
    >> t461
    >> t462
    >> t463
    >> t464
    >> t465
    >> t466
    >> t467
    >> t468
    >> t469
    >> t470
    >> t471
    >> t472
    >> t473
    >> t474
    >> t475
    >> t476
    >> t477
    >> t478
    >> t479
    >> t480
    >> t481
    >> t482
    >> t483
    >> t484
    >> t485
    >> t486
    >> t487
    >> t488
    >> t489
    >> t490
    >> t491
    >> t492
    >> t493
    >> t494
    >> t495
    >> t496
    >> t497
    >> t498
    >> t499
    >> t500
    >> t501
    >> t502
    >> t503
    >> t504
    >> t505
    >> t506
    >> t507
    >> t508
    >> t509
    >> t510
    >> t511
    >> t512
    >> t513
    >> t514
    >> t515
    >> t516
    >> t517
    >> t518
    >> t519
    >> t520
    >> t521
    >> t522
    >> t523
    >> t524
    >> t525
    >> t526
    >> t527
    >> t528
    >> t529
    >> t530
    >> t531
    >> t532
    >> t533
    >> t534
    >> t535
    >> t536
    >> t537
    >> t538
    >> t539
    >> t540
    >> t541
    >> t542
    >> t543
    >> t544
    >> t545
    >> t546
    >> t547
    >> t548
    >> t549
    >> t550
    >> t551
    >> t552
    >> t553
    >> t554
    >> t555
    >> t556
    >> t557
    >> t558
    >> t559
    >> t560
    >> t561
    >> t562
    >> t563
    >> t564
    >> t565
    >> t566
    >> t567
    >> t568
    >> t569
    >> t570
    >> t571
    >> t572
    >> t573
    >> t574
    >> t575
    >> t576
    >> t577
    >> t578
    >> t579
    >> t580
    >> t581
    >> t582
    >> t583
    >> t584
    >> t585
    >> t586
    >> t587
    >> t588
    >> t589
    >> t590
    >> t591
    >> t592
    >> t593
    >> t594
    >> t595
    >> t596
    >> t597
    >> t598
    >> t599
    >> t600
    >> t601
    >> t602
    >> t603
    >> t604
    >> t605
    >> t606
    >> t607
    >> t608
    >> t609
    >> t610
    >> t611
    >> t612
    >> t613
    >> t614
    >> t615
    >> t616
    >> t617
    >> t618
    >> t619
    >> t620
    >> t621
    >> t622
    >> t623
    >> t624
    >> t625
    >> t626
    >> t627
    >> t628
    >> t629
    >> t630
    >> t631
    >> t632
    >> t633
    >> t634
    >> t635
    >> t636
    >> t637
    >> t638
    >> t639
    >> t640
    >> t641
    >> t642
    >> t643
    >> t644
    >> t645
    >> t646
    >> t647
    >> t648
    >> t649
    >> t650
    >> t651
    >> t652
    >> t653
    >> t654
    >> t655
    >> t656
    >> t657
    >> t658
    >> t659
    >> t660
    >> t661
    >> t662
    >> t663
    >> t664
    >> t665
    >> t666
    >> t667
    >> t668
    >> t669
    >> t670
    >> t671
    >> t672
    >> t673
    >> t674
    >> t675
    >> t676
    >> t677
    >> t678
    >> t679
    >> t680
    >> t681
    >> t682
    >> t683
    >> t684
    >> t685
    >> t686
    >> t687
    >> t688
    >> t689
    >> t690
    >> t691
    >> t692
    >> t693
    >> t694
    >> t695
    >> t696
    >> t697
    >> t698
    >> t699
    >> t700
    >> t701
    >> t702
    >> t703
    >> t704
    >> t705
    >> t706
    >> t707
    >> t708
    >> t709
    >> t710
    >> t711
    >> t712
    >> t713
    >> t714
    >> t715
    >> t716
    >> t717
    >> t718
    >> t719
    >> t720
    >> t721
    >> t722
    >> t723
    >> t724
    >> t725
    >> t726
    >> t727
    >> t728
    >> t729
    >> t730
    >> t731
    >> t732
    >> t733
    >> t734
    >> t735
    >> t736
    >> t737
    >> t738
    >> t739
    >> t740
    >> t741
    >> t742
    >> t743
    >> t744
    >> t745
    >> t746
    >> t747
    >> t748
    >> t749
    >> t750
    >> t751
    >> t752
    >> t753
    >> t754
    >> t755
    >> t756
    >> t757
    >> t758
    >> t759
    >> t760
    >> t761
    >> t762
    >> t763
    >> t764
    >> t765
    >> t766
    >> t767
    >> t768
    >> t769
    >> t770
    >> t771
    >> t772
    >> t773
    >> t774
    >> t775
    >> t776
    >> t777
    >> t778
    >> t779
    >> t780
    >> t781
    >> t782
    >> t783
    >> t784
    >> t785
    >> t786
    >> t787
    >> t788
    >> t789
    >> t790
    >> t791
    >> t792
    >> t793
    >> t794
    >> t795
    >> t796
    >> t797
    >> t798
    >> t799
    >> t800
    >> t801
    >> t802
    >> t803
    >> t804
    >> t805
    >> t806
    >> t807
    >> t808
    >> t809
    >> t810
    >> t811
    >> t812
    >> t813
    >> t814
    >> t815
    >> t816
    >> t817
    >> t818
    >> t819
    >> t820
    >> t821
    >> t822
    >> t823
    >> t824
    >> t825
    >> t826
    >> t827
    >> t828
    >> t829
    >> t830
    >> t831
    >> t832
    >> t833
    >> t834
    >> t835
    >> t836
    >> t837
    >> t838
    >> t839
    >> t840
    >> t841
    >> t842
    >> t843
    >> t844
    >> t845
    >> t846
    >> t847
    >> t848
    >> t849
    >> t850
    >> t851
    >> t852
    >> t853
    >> t854
    >> t855
    >> t856
    >> t857
    >> t858
    >> t859
    >> t860
    >> t861
    >> t862
    >> t863
    >> t864
    >> t865
    >> t866
    >> t867
    >> t868
    >> t869
    >> t870
    >> t871
    >> t872
    >> t873
    >> t874
    >> t875
    >> t876
    >> t877
    >> t878
    >> t879
    >> t880
    >> t881
    >> t882
    >> t883
    >> t884
    >> t885
    >> t886
    >> t887
    >> t888
    >> t889
    >> t890
    >> t891
    >> t892
    >> t893
    >> t894
    >> t895
    >> t896
    >> t897
    >> t898
    >> t899
    >> t900
    >> t901
    >> t902
    >> t903
    >> t904
    >> t905
    >> t906
    >> t907
    >> t908
    >> t909
    >> t910
    >> t911
    >> t912
    >> t913
    >> t914
    >> t915
    >> t916
    >> t917
    >> t918
    >> t919
    >> t920
    >> t921
    >> t922
    >> t923
    >> t924
    >> t925
    >> t926
    >> t927
    >> t928
    >> t929
    >> t930
    >> t931
    >> t932
    >> t933
    >> t934
    >> t935
    >> t936
    >> t937
    >> t938
    >> t939
    >> t940
    >> t941
    >> t942
    >> t943
    >> t944
    >> t945
    >> t946
    >> t947
    >> t948
    >> t949
    >> t950
    >> t951
    >> t952
    >> t953
    >> t954
    >> t955
    >> t956
    >> t957
    >> t958
    >> t959
    >> t960
    >> t961
    >> t962
    >> t963
    >> t964
    >> t965
    >> t966
    >> t967
    >> t968
    >> t969
    >> t970
    >> t971
    >> t972
    >> t973
    >> t974
    >> t975
    >> t976
    >> t977
    >> t978
    >> t979
    >> t980
    >> t981
    >> t982
    >> t983
    >> t984
    >> t985
    >> t986
    >> t987
    >> t988
    >> t989
    >> t990
    >> t991
    >> t992
    >> t993
    >> t994
    >> t995
    >> t996
    >> t997
    >> t998
    >> t999
    >> t1000
    >> t1001
    >> t1002
    >> t1003
    >> t1004
    >> t1005
    >> t1006
    >> t1007
    >> t1008
    >> t1009
    >> t1010
    >> t1011
    >> t1012
    >> t1013
    >> t1014
    >> t1015
    >> t1016
    >> t1017
    >> t1018
    >> t1019
    >> t1020
    >> t1021
    >> t1022
    >> t1023
    >> t1024
    >> t1025
    >> t1026
    >> t1027
    >> t1028
    >> t1029
    >> t1030
    >> t1031
    >> t1032
    >> t1033
    >> t1034
    >> t1035
    >> t1036
    >> t1037
    >> t1038
    >> t1039
    >> t1040
    >> t1041
    >> t1042
    >> t1043
    >> t1044
    >> t1045
    >> t1046
    >> t1047
    >> t1048
    >> t1049
    >> t1050
    >> t1051
    >> t1052
    >> t1053
    >> t1054
    >> t1055
    >> t1056
    >> t1057
    >> t1058
    >> t1059
    >> t1060
    >> t1061
    >> t1062
    >> t1063
    >> t1064
    >> t1065
    >> t1066
    >> t1067
    >> t1068
    >> t1069
    >> t1070
    >> t1071
    >> t1072
    >> t1073
    >> t1074
    >> t1075
    >> t1076
    >> t1077
    >> t1078
    >> t1079
    >> t1080
    >> t1081
    >> t1082
    >> t1083
    >> t1084
    >> t1085
    >> t1086
    >> t1087
    >> t1088
    >> t1089
    >> t1090
    >> t1091
    >> t1092
    >> t1093
    >> t1094
    >> t1095
    >> t1096
    >> t1097
    >> t1098
    >> t1099
    >> t1100
    >> t1101
    >> t1102
    >> t1103
    >> t1104
    >> t1105
    >> t1106
    >> t1107
    >> t1108
    >> t1109
    >> t1110
    >> t1111
    >> t1112
    >> t1113
    >> t1114
    >> t1115
    >> t1116
    >> t1117
    >> t1118
    >> t1119
    >> t1120
    >> t1121
    >> t1122
    >> t1123
    >> t1124
    >> t1125
    >> t1126
    >> t1127
    >> t1128
    >> t1129
    >> t1130
    >> t1131
    >> t1132
    >> t1133
    >> t1134
    >> t1135
    >> t1136
    >> t1137
    >> t1138
    >> t1139
    >> t1140
    >> t1141
    >> t1142
    >> t1143
    >> t1144
    >> t1145
    >> t1146
    >> t1147
    >> t1148
    >> t1149
    >> t1150
    >> t1151
    >> t1152
    >> t1153
    >> t1154
    >> t1155
    >> t1156
    >> t1157
    >> t1158
    >> t1159
    >> t1160
    >> t1161
    >> t1162
    >> t1163
    >> t1164
    >> t1165
    >> t1166
    >> t1167
    >> t1168
    >> t1169
    >> t1170
    >> t1171
    >> t1172
    >> t1173
    >> t1174
    >> t1175
    >> t1176
    >> t1177
    >> t1178
    >> t1179
    >> t1180
    >> t1181
    >> t1182
    >> t1183
    >> t1184
    >> t1185
    >> t1186
    >> t1187
    >> t1188
    >> t1189
    >> t1190
    >> t1191
    >> t1192
    >> t1193
    >> t1194
    >> t1195
    >> t1196
    >> t1197
    >> t1198
    >> t1199
)
