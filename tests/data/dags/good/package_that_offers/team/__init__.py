from .steps import total
