"""Tools: ffmpeg as data. No Django, no rows.

probe   file -> frozen record, behind a gate          graph    source, plate -> filters
encode  profile, rate -> encoder options              plan     memory -> how many cells at once
poster  file -> one still                             progress lines of ffmpeg -> how far it is
mp4     order of a file's boxes                       errors   what ffmpeg says -> a code with a sentence
picture a stranger's picture -> a PNG of ours         disk     folders to work in
formats what is opened at all, and with which decoders
"""
