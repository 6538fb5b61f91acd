package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// boundToParent makes the kernel end a child with the harness.
func boundToParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// Lines of proc_pid_status(5).
const (
	peakMemory     = "VmHWM:"   // the largest resident set so far
	residentMemory = "VmRSS:"   // the resident set
	ownMemory      = "RssAnon:" // what is the process's own of it
	fileMemory     = "RssFile:" // pages of files that are mapped: of the program
)

// memory returns a line about the memory of a running process, in bytes.
func memory(pid int, line string) (int64, error) {
	status, err := os.ReadFile(procPath(pid, "status"))
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(l, line); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb * 1024, err
		}
	}
	return 0, fmt.Errorf("process %d has no %s it has ended", pid, line)
}

// openFiles counts the descriptors of a process, and how many of them are
// established TCP connections.
func openFiles(pid int) (descriptors, connections int, err error) {
	established, err := establishedInodes(pid)
	if err != nil {
		return 0, 0, err
	}
	entries, err := os.ReadDir(procPath(pid, "fd"))
	if err != nil {
		return 0, 0, err
	}
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(procPath(pid, "fd"), e.Name()))
		if err != nil {
			continue // closed in the meantime
		}
		descriptors++
		if inode, ok := strings.CutPrefix(target, "socket:["); ok && established[strings.TrimSuffix(inode, "]")] {
			connections++
		}
	}
	return descriptors, connections, nil
}

// establishedInodes reads the kernel's tables of TCP sockets (proc_net_tcp.txt):
// the fourth field is the state, the tenth the inode.
func establishedInodes(pid int) (map[string]bool, error) {
	const established = "01"
	inodes := make(map[string]bool)
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(procPath(pid, "net/"+table))
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(text) {
			if f := strings.Fields(string(line)); len(f) > 9 && f[3] == established {
				inodes[f[9]] = true
			}
		}
	}
	return inodes, nil
}

func procPath(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

// memoryAndLoad returns the machine's memory in bytes, and how many processes
// wanted to run during the last minute.
func memoryAndLoad() (memory uint64, load float64, err error) {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return 0, 0, err
	}
	const loadUnit = 1 << 16
	return uint64(info.Totalram) * uint64(info.Unit), float64(info.Loads[0]) / loadUnit, nil
}
