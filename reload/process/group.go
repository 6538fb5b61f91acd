package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// groupGrace bounds how long the rest of a group may take to end after its
// leader did, before it is killed.
const groupGrace = 2 * time.Second

// endGroup ends what is left of the group after its leader, which was waited
// for. It reports whether that took a KILL. It blocks for at most groupGrace.
func (c *Children) endGroup(pgid int) (killed bool) {
	if !killGroup(pgid, syscall.SIGTERM) {
		return false
	}
	_ = killGroup(pgid, syscall.SIGCONT) // one that is stopped cannot act on it
	deadline := time.NewTimer(groupGrace)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for groupAlive(pgid) {
		// The rest of the group may be children of ours by now.
		c.reapGroup(pgid)
		select {
		case <-tick.C:
		case <-deadline.C:
			return killGroup(pgid, syscall.SIGKILL)
		}
	}
	return false
}

// killGroup reports whether a process of the group could be signalled.
func killGroup(pgid int, sig syscall.Signal) bool {
	return syscall.Kill(-pgid, sig) == nil
}

// groupAlive reports whether a process of the group still runs. A zombie can
// be signalled but has ended; whose child it is by now may take its time to
// wait for it.
func groupAlive(pgid int) bool {
	if !killGroup(pgid, 0) {
		return false
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	zombies := false
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		s := parseStat(text)
		if s.group != pgid {
			continue
		}
		if s.state != "Z" && s.state != "X" {
			return true
		}
		zombies = true
	}
	return !zombies // without a usable /proc, kill is all there is to go by
}

// stat is a part of /proc/PID/stat; see proc(5).
type stat struct {
	state         string
	parent, group int
}

// statOf reads the stat of a process. It is empty if there is none, and without
// a usable /proc.
func statOf(pid int) stat {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}
	}
	return parseStat(text)
}

// parseStat parses a /proc/PID/stat line. The name before the state may hold
// anything, also parentheses.
func parseStat(text []byte) stat {
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 3 {
		return stat{}
	}
	parent, _ := strconv.Atoi(fields[1])
	group, _ := strconv.Atoi(fields[2])
	return stat{state: fields[0], parent: parent, group: group}
}
