package usage

import (
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// tick is the unit of times in /proc/PID/stat, USER_HZ of proc_pid_stat(5): it
// is the same on every platform that Go runs on.
const tick = 10 * time.Millisecond

// group is what was seen of a process group in one look.
type group struct {
	at      time.Time
	members map[identity]member
}

// identity tells a process from a later one with the same number.
type identity struct {
	pid   int
	begun uint64
}

type member struct {
	proc     procfs.Proc
	parent   int
	zombie   bool
	resident int64         // bytes
	cpu      time.Duration // with that of the children it waited for
}

// scan looks at all members of a group. Of the other processes of the machine
// it only asks the group's number, which is one cheap system call each.
func scan(pgid int) (group, error) {
	if err := checkGroup(pgid); err != nil {
		return group{}, err
	}
	all, err := procfs.AllProcs()
	if err != nil {
		return group{}, reading(pgid, err)
	}
	g := group{at: time.Now(), members: make(map[identity]member)}
	for _, p := range all {
		if id, err := syscall.Getpgid(p.PID); err != nil || id != pgid {
			continue
		}
		s, err := p.Stat()
		if err != nil || s.PGRP != pgid {
			continue // ended meanwhile
		}
		g.members[identity{p.PID, s.Starttime}] = member{
			proc: p, parent: s.PPID, zombie: s.State == "Z" || s.State == "X",
			resident: int64(s.ResidentMemory()),
			cpu:      time.Duration(s.UTime+s.STime)*tick + time.Duration(s.CUTime+s.CSTime)*tick,
		}
	}
	return g, nil
}

// memory returns the memory of the group in bytes. The sum of resident sets is
// at hand and never too small, but counts shared pages many times: a server
// that shares a gigabyte with twenty workers would seem to have twenty. So when
// it is more than enough, the kernel is asked for proportional sizes, for which
// it walks all pages.
func (g group) memory(enough int64) int64 {
	var sum, shared int64
	for _, m := range g.members {
		sum += m.resident
	}
	if len(g.members) < 2 || sum <= enough {
		return sum
	}
	for _, m := range g.members {
		shared += m.proportional()
	}
	return min(sum, shared)
}

func (m member) proportional() int64 {
	if m.resident == 0 {
		return 0
	}
	s, err := m.proc.ProcSMapsRollup()
	if err != nil {
		return m.resident // another user's, or an old kernel
	}
	return int64(s.Pss)
}

// processors is how many processors the group used on average since an earlier
// look.
func (g group) processors(before group) float64 {
	var used time.Duration
	pids := make(map[int]bool)
	for id := range before.members {
		pids[id.pid] = true
	}
	for _, m := range g.members {
		used += m.cpu
	}
	for id, m := range before.members {
		// One that has ended lives on in the sum of its parent, if that is of
		// the group; else its time is in neither sum.
		if _, runs := g.members[id]; runs || pids[m.parent] {
			used -= m.cpu
		}
	}
	return max(0, float64(used)) / float64(max(g.at.Sub(before.at), 1))
}
