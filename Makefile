# Aliases for people who type make; ./run does the work.
.PHONY: demo test studio check shots
demo:
	./run demo
test:
	./run test
studio:
	./run studio
check:
	./run check
shots:
	./run shots
