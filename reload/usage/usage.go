// Package usage reads what a process group takes of memory and processors, and
// notices when that has been too much for too long.
//
// A group is what it is to the kernel: a process that leaves it (setsid,
// setpgid), as daemons do, is counted no longer. It is a leaf: ending the group
// is the business of whoever asked. It works on Linux, by /proc.
package usage

import (
	"errors"
	"fmt"
	"time"
)

// Usage is what a process group takes.
type Usage struct {
	// Memory is the resident memory in bytes, without what is swapped out and
	// without huge pages of hugetlbfs. A page that several processes of the
	// group share counts once, in parts (proportional set size). Where the
	// kernel does not tell that, because a process belongs to another user or
	// may not be looked into, its whole resident set counts.
	Memory int64
	// CPU is the processor time used so far by the processes of the group and
	// by those of their children that they have waited for. It gets less when
	// processes end whose parent is not of the group.
	CPU time.Duration
	// Processes is how many run, without zombies.
	Processes int
}

// Read returns what the group takes now, all zero if there is no such group.
// It costs what a look of [Watch] does, and for a group of several processes
// about 25 ms for each GB, in which the kernel walks the pages.
func Read(pgid int) (Usage, error) {
	g, err := scan(pgid)
	if err != nil {
		return Usage{}, err
	}
	u := Usage{Memory: g.memory(0)}
	for _, m := range g.members {
		u.CPU += m.cpu
		if !m.zombie {
			u.Processes++
		}
	}
	return u, nil
}

func checkGroup(pgid int) error {
	if pgid <= 1 {
		return errors.New("there is no process group to look at")
	}
	return nil
}

func reading(pgid int, err error) error {
	return fmt.Errorf("reading the processes of group %d: %w (is /proc mounted?)", pgid, err)
}
