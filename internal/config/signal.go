package config

import (
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ParseSignal reads a signal by name, with or without SIG and in any case, or
// by number from 1 to 64.
func ParseSignal(s string) (Signal, bool) {
	if n, err := strconv.Atoi(s); err == nil {
		return Signal(n), n >= 1 && n <= 64 && strconv.Itoa(n) == s // no sign, no leading zero
	}
	name := strings.ToUpper(s)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	n := unix.SignalNum(name)
	return Signal(n), n != 0
}

// String returns the name without SIG, or the number of a nameless signal, or
// nothing for the zero value.
func (s Signal) String() string {
	if s == 0 {
		return ""
	}
	if name := unix.SignalName(syscall.Signal(s)); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return strconv.Itoa(int(s))
}
