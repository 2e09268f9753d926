import factory as f

for name in ("orders", "users"):
    globals()[name] = f.build(name)
