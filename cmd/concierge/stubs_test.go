package main

func probeRequirements() []requirement    { return nil }
func startRequirements() []requirement    { return nil }
func operatorRequirements() []requirement { return nil }
