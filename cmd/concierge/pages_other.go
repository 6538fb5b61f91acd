//go:build !linux

package main

// forgetProgram does nothing: there are no control groups here.
func forgetProgram() {}
