"""What other ways to run the same model would take: each of them run, none by formula."""
