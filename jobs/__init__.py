"""FROM a source TO outputs.

file / URL / upload -> sources -> Asset --+
brands, variants, options ----------------+--> services.plan -> Job with cells (Outputs, planned)
                                                |
ring(queue) -> engine.claim -> Stage: prepare -> render (pipelines: one ffmpeg, many brands) -> finish
                                                |
                                verified files in storage, cells done or failed with a sentence
"""
