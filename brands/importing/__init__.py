"""Brands that come in as files, and go back out of the studio the same way.

folder, ZIP, file --> files.py: Kit --> readers/ --> drafts.py: BrandDraft, Finding --> gather.py: one draft a brand
                                                                                                |
                        rows (state.py) --> planning.py: what would change, nothing done <------+-- pictures.py (child)
                                                   |
                                             applying.py --> ImportRun --> undoing.py: as it was before
"""
