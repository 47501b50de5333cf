"""WHO a video is for.

Brand -- Artwork (logo, watermark per variant: files)
  |                     |
  +-- Layer (where) ----+--> plates.py: rows -> PlateSpec --> artwork.py: one RGBA plate per canvas (Pillow)
                        |                        layouts.py: percent -> boxes in pixels (pure geometry)
                        |
                        +--> layoutjson.py: rows <-> one document -- editor.py (pages) -- stage.py: its places and notes
"""
