from .factory import build

orders = build("orders")
