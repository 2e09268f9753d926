insert into orders
select * from staging where day = '{{ ds }}' {% if params.limit %}limit {{ params.limit }}{% endif %}
