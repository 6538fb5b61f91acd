//go:build !linux

package main

// programPages are nothing: there are no control groups here.
type programPages struct{}

func findProgram() programPages { return programPages{} }

func (programPages) forget() {}
