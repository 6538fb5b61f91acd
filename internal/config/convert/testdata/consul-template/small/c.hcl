template { contents = "{{ key \"a\" }}" destination = "a" }
