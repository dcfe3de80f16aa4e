"""The dry step where this package is not installed: in any image that has Paddle.

The parent's side of the step and the child travel as one zip file. What runs there needs Python
3.10 with Paddle and nothing else, and answers in lines of text.
"""
