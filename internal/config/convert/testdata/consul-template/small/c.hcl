template { contents = "{{ key \"a\" }}" destination = "a" }
template { contents = "{{ key \"consul:v\" }}" destination = "b" }
