package usage

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const mib = 1 << 20

func TestMemoryIsThatOfTheWholeGroup(t *testing.T) {
	one, three := read(t, actors(t, "hold 64")), read(t, actors(t, "hold 64", "hold 64", "rest"))
	if one.Processes != 1 || one.Memory < 64*mib || one.Memory > 120*mib {
		t.Errorf("one process that holds 64 MiB: %+v", one)
	}
	if three.Processes != 3 || three.Memory < 128*mib || three.Memory > 200*mib {
		t.Errorf("two of three processes hold 64 MiB each: %+v", three)
	}
}

func TestSharedMemoryCountsOnce(t *testing.T) {
	pgid := sharers(t, 4, 64*mib)
	g, err := scan(pgid)
	if err != nil {
		t.Fatal(err)
	}
	if sum := g.memory(1 << 40); sum < 4*64*mib {
		t.Errorf("the sum of four resident sets is %d MiB, each has 64 MiB shared: the test shows nothing", sum/mib)
	}
	if u := read(t, pgid); u.Memory < 64*mib || u.Memory > 180*mib {
		t.Errorf("four processes that share 64 MiB: %d MiB", u.Memory/mib)
	}
}

// A limit is no reason to walk all pages while even the sum of the resident
// sets is below it.
func TestProportionalSizesAreReadOnlyAboveTheLimit(t *testing.T) {
	g := group{members: map[identity]member{
		{1 << 30, 1}: {resident: 10 * mib}, {1 << 30, 2}: {resident: 20 * mib}, // nobody has that number
	}}
	if n := g.memory(30 * mib); n != 30*mib {
		t.Errorf("below: %d", n)
	}
	// What cannot be read counts with its whole resident set.
	if n := g.memory(20 * mib); n != 30*mib {
		t.Errorf("above: %d", n)
	}
}

func TestProcessorTimeGrowsWithUse(t *testing.T) {
	spins, rests := actors(t, "spin"), actors(t, "rest")
	eventually(t, "a tenth of a second of processor time", func() bool { return read(t, spins).CPU >= 100*time.Millisecond })
	if u := read(t, rests); u.CPU > 90*time.Millisecond {
		t.Errorf("a process that rests has used %s", u.CPU)
	}
}

// Many short programs one after the other are a runaway like one long one.
func TestTimeOfEndedChildrenCounts(t *testing.T) {
	pgid := start(t, exec.Command("sh", "-c", `echo ready; while :; do sh -c 'i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done'; done`), 0)
	var before group
	eventually(t, "ended children", func() bool {
		g, err := scan(pgid)
		before = g
		return err == nil && len(g.members) > 0
	})
	var now group
	eventually(t, "a good part of a processor in use", func() bool {
		g, err := scan(pgid)
		now = g
		return err == nil && g.at.Sub(before.at) > 300*time.Millisecond && g.processors(before) > 0.1
	})
	var own time.Duration // what the members that run at both looks used themselves
	for id, m := range now.members {
		if s, err := m.proc.Stat(); err == nil && id.pid == pgid {
			own = time.Duration(s.UTime+s.STime) * tick
		}
	}
	if used := now.processors(before) * float64(now.at.Sub(before.at)); time.Duration(used) < 2*own {
		t.Errorf("%s used, of which the shell itself %s: the children are not counted", time.Duration(used), own)
	}
}

func TestProcessorsAreNeitherLostNorCountedTwice(t *testing.T) {
	begun := time.Now()
	at := func(d time.Duration, members map[identity]member) group {
		return group{at: begun.Add(d), members: members}
	}
	id := func(pid int) identity { return identity{pid, 1} }
	before := at(0, map[identity]member{
		id(10): {parent: 1, cpu: 100 * time.Second},
		id(11): {parent: 10, cpu: 3 * time.Second},
		id(12): {parent: 1, cpu: 50 * time.Second},
	})
	for name, c := range map[string]struct {
		now  map[identity]member
		want float64
	}{
		"all run on": {map[identity]member{
			id(10): {parent: 1, cpu: 105 * time.Second}, id(11): {parent: 10, cpu: 5 * time.Second}, id(12): {parent: 1, cpu: 53 * time.Second}}, 1},
		"a child ended and is in the sum of its parent": {map[identity]member{
			id(10): {parent: 1, cpu: 108 * time.Second}, id(12): {parent: 1, cpu: 50 * time.Second}}, 0.5},
		"one with a parent elsewhere ended": {map[identity]member{
			id(10): {parent: 1, cpu: 105 * time.Second}, id(11): {parent: 10, cpu: 3 * time.Second}}, 0.5},
		"a new one with an old number": {map[identity]member{
			id(10): {parent: 1, cpu: 100 * time.Second}, id(11): {parent: 10, cpu: 3 * time.Second}, {12, 2}: {parent: 1, cpu: 10 * time.Second}}, 1},
		"all ended":                    {nil, 0},
		"a child that nobody accounts": {map[identity]member{id(10): {parent: 1, cpu: 101 * time.Second}}, 0},
	} {
		if got := at(10*time.Second, c.now).processors(before); got != c.want {
			t.Errorf("%s: %g processors, want %g", name, got, c.want)
		}
	}
	if got := before.processors(group{}); got > 1e-6 {
		t.Errorf("at the first look: %g processors", got)
	}
}

func TestProcessThatLeavesTheGroupIsNotCounted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	cmd := exec.Command("sh", "-c", `setsid sh -c 'echo $$ >`+file+`; exec "$0"' "$0" & echo ready; sleep 300`, os.Args[0])
	cmd.Env = append(os.Environ(), actVariable+"=hold 128")
	pgid := start(t, cmd, 0)
	var daemon int
	eventually(t, "a daemon with its memory", func() bool {
		text, _ := os.ReadFile(file)
		daemon, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return daemon > 0 && read(t, daemon).Memory > 128*mib // it leads a group of its own
	})
	t.Cleanup(func() { _ = syscall.Kill(daemon, syscall.SIGKILL) })
	if u := read(t, pgid); u.Memory > 64*mib || u.Processes != 2 {
		t.Errorf("the shell and sleep: %+v", u)
	}
}

func TestZombieIsNoProcess(t *testing.T) {
	pgid := start(t, exec.Command("sh", "-c", "echo ready; exec 1>&-; exit 0"), 0)
	eventually(t, "a group of a zombie alone", func() bool {
		g, err := scan(pgid)
		return err == nil && len(g.members) == 1 && read(t, pgid).Processes == 0
	})
}

func TestNoGroup(t *testing.T) {
	if u, err := Read(1 << 30); err != nil || u != (Usage{}) {
		t.Errorf("a group that is not: %+v, %v", u, err)
	}
	for _, pgid := range []int{-1, 0, 1} {
		if _, err := Read(pgid); err == nil {
			t.Errorf("group %d was read: that is everyone's, or our own", pgid)
		}
	}
}
