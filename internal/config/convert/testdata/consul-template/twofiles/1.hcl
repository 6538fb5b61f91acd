consul = "one:8500"
