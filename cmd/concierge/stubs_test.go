package main

func operatorRequirements() []requirement { return nil }
