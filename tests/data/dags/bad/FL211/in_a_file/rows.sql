select *
from orders
where day = {% ds %}
