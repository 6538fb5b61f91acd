//go:build !linux

package bench

import (
	"errors"
	"syscall"
)

var errNotLinux = errors.New("the benchmark reads /proc: run it on Linux")

func boundToParent() *syscall.SysProcAttr { return nil }

const peakMemory, residentMemory = "", ""

func memory(int, string) (int64, error) { return 0, errNotLinux }

func procPath(int, string) string { return "" }

func openFiles(int) (descriptors, connections int, err error) { return 0, 0, errNotLinux }

func memoryAndLoad() (memory uint64, load float64, err error) { return 0, 0, errNotLinux }
