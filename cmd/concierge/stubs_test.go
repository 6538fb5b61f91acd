package main

func startRequirements() []requirement    { return nil }
func operatorRequirements() []requirement { return nil }
