"""Reference implementations (judges): comparison with results of other programs.

Where a judge's package is missing, its tests are skipped and say so; with CI set in the
environment they fail instead. What was judged is counted and printed at the end of a run.
"""
