"""One call for whatever deblurs: `method(image, kernel=None) -> Deblurred(image, kernel, estimate)`.

Classical methods and networks stand side by side in `table.METHODS`, and every one of them works blind: what measures
no blur itself uses the estimate of the shipped `swift`. `table.load_method` makes a method from its name or a
weights file; `method` says what a method is.
"""
