def rows():
    return unknown_rows
