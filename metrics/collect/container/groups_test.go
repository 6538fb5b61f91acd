package container

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"concierge/metrics"
)

// limits are what a control group is made with, by controller: file and value,
// of version 1 and of version 2.
func limits() map[string][2][][2]string {
	return map[string][2][][2]string{
		"cpu":     {{{"cpu.cfs_period_us", "100000"}, {"cpu.cfs_quota_us", "20000"}}, {{"cpu.max", "20000 100000"}}},
		"cpuacct": {nil, nil},
		"memory":  {{{"memory.limit_in_bytes", "67108864"}}, {{"memory.max", "67108864"}}},
		"pids":    {{{"pids.max", "50"}}, {{"pids.max", "50"}}},
	}
}

// confine makes control groups of whatever version the machine has and puts
// the process into them.
func confine(t *testing.T, pid int) {
	t.Helper()
	mounts, err := procfs.GetMounts()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("concierge-test-%d", pid)
	left := len(limits()) - 1 // version 2 has no cpuacct
	for _, m := range mounts {
		for controller, files := range limits() {
			_, legacy := m.SuperOptions[controller]
			switch {
			case m.FSType == "cgroup" && legacy:
				enter(t, filepath.Join(m.MountPoint, name), files[0], pid)
			case m.FSType == "cgroup2" && controller != "cpuacct" && controls(m.MountPoint, controller):
				enable(t, m.MountPoint, controller)
				enter(t, filepath.Join(m.MountPoint, name), files[1], pid)
			default:
				continue
			}
			if controller != "cpuacct" {
				left--
			}
		}
	}
	if left > 0 {
		t.Fatalf("%d controllers cannot be used: this test needs root and control groups that can be written", left)
	}
}

func controls(mount, controller string) bool {
	b, _ := os.ReadFile(filepath.Join(mount, "cgroup.controllers"))
	return strings.Contains(" "+strings.TrimSpace(string(b))+" ", " "+controller+" ")
}

func enable(t *testing.T, mount, controller string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(mount, "cgroup.subtree_control"), []byte("+"+controller), 0); err != nil {
		t.Fatal(err)
	}
}

// enter makes one control group and moves the process there.
func enter(t *testing.T, dir string, files [][2]string, pid int) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, dir) })
	for _, f := range append(files, [2]string{"cgroup.procs", strconv.Itoa(pid)}) {
		if err := os.WriteFile(filepath.Join(dir, f[0]), []byte(f[1]), 0); err != nil {
			t.Fatal(err)
		}
	}
}

// remove removes a control group once the processes in it have ended.
func remove(t *testing.T, dir string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := syscall.Rmdir(dir)
		if err == nil || err == syscall.ENOENT {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("removing %s: %v", dir, err)
			return
		}
	}
}

// confined starts an actor in control groups of its own.
func confined(t *testing.T, act string) *actor {
	t.Helper()
	a := start(t, act)
	confine(t, a.Process.Pid)
	a.endFirst(t)
	return a
}

// endFirst ends the actor before the control groups it is in are removed.
func (a *actor) endFirst(t *testing.T) {
	t.Cleanup(func() {
		_ = a.Process.Kill()
		_ = a.Wait()
	})
}

func TestQuotaAndThrottlingAreMeasured(t *testing.T) {
	a := confined(t, "burn")
	c := collector(a.Process.Pid)
	if v := values(t, c); v[cpuLimit].Raw != "0.2" || v[cpuThrottledPeriods].Value != 0 {
		t.Errorf("before the work: limit %q, %v throttled periods; want 0.2 and 0", v[cpuLimit].Raw, v[cpuThrottledPeriods].Value)
	}
	a.play(t)
	begun, first := time.Now(), values(t, c)
	last := until(t, c, func(v map[string]metrics.Sample) bool {
		return v[cpuThrottledPeriods].Value >= 10 && v[cpuThrottled].Value > 0
	})
	used := last[cpuUsage].Value - first[cpuUsage].Value
	if took := time.Since(begun).Seconds(); used <= 0 || used > 0.3*took+0.2 {
		t.Errorf("%v s of processor time in %v s with a fifth of a processor", used, took)
	}
	if last[cpuUsage].Kind != metrics.Counter || last[cpuPeriods].Value < last[cpuThrottledPeriods].Value {
		t.Errorf("usage %+v, periods %v", last[cpuUsage], last[cpuPeriods])
	}
}

func TestMemoryOfTheGroupIsMeasured(t *testing.T) {
	a := confined(t, "hold 32")
	c := collector(a.Process.Pid)
	before := values(t, c)
	a.play(t)
	v := values(t, c)
	const mib = 1 << 20
	if grown := v[memoryUsage].Value - before[memoryUsage].Value; grown < 32*mib || grown > 48*mib {
		t.Errorf("usage grew by %v MiB, want 32 and a little", grown/mib)
	}
	if anon := v[memoryAnonymous].Value; anon < 32*mib || v[memoryWorking].Value < anon || v[memoryWorking].Value > v[memoryUsage].Value {
		t.Errorf("anonymous %v, working set %v, usage %v", anon, v[memoryWorking], v[memoryUsage])
	}
	if v[memoryLimit].Raw != "67108864" || v[memoryKills].Value != 0 || v[memoryKills].Kind != metrics.Counter {
		t.Errorf("limit %q, kills %+v", v[memoryLimit].Raw, v[memoryKills])
	}
	if v[tasks].Value < 1 || v[tasks].Value > 50 || v[tasksLimit].Raw != "50" {
		t.Errorf("%v tasks of %q", v[tasks].Value, v[tasksLimit].Raw)
	}
}

func TestKillsForWantOfMemoryAreCounted(t *testing.T) {
	a := confined(t, "hold 500")
	c := collector(a.Process.Pid)
	if before := values(t, c); before[memoryKills].Value != 0 {
		t.Fatalf("%v kills before", before[memoryKills].Value)
	}
	a.play(t)
	v := until(t, c, func(v map[string]metrics.Sample) bool { return v[memoryKills].Value > 0 })
	if v[memoryFull].Value == 0 {
		t.Errorf("a process was killed, and the limit never reached: %v", v[memoryFull])
	}
}

// TestOwnGroupIsFound looks at the groups this process is in, wherever they
// are.
func TestOwnGroupIsFound(t *testing.T) {
	c := collector(0)
	before := values(t, c)[cpuUsage].Value
	begun := time.Now()
	until(t, c, func(v map[string]metrics.Sample) bool { return v[cpuUsage].Value > before+0.01 })
	if before == 0 {
		t.Errorf("no processor time was used before, and some after %v", time.Since(begun))
	}
}

// TestVersion2IsReadWhereItControlsNothing uses the part that every kernel with
// control groups has: accounting of processor time and pressure.
func TestVersion2IsReadWhereItControlsNothing(t *testing.T) {
	mounts, err := procfs.GetMounts()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mounts {
		if m.FSType != "cgroup2" {
			continue
		}
		a := start(t, "burn")
		dir := filepath.Join(m.MountPoint, fmt.Sprintf("concierge-test-%d", a.Process.Pid))
		enter(t, dir, nil, a.Process.Pid)
		a.endFirst(t)
		a.play(t)
		c := collector(0)
		c.groups = &groups{unified: directory{dir, m.MountPoint}}
		v := until(t, c, func(v map[string]metrics.Sample) bool { return v[cpuUsage].Value > 0.1 && v[cpuUser].Value > 0 })
		if _, limited := v[cpuLimit]; limited {
			t.Errorf("a limit of %v that nobody set", v[cpuLimit])
		}
		return
	}
	t.Fatal("version 2 is not mounted: mount -t cgroup2 none /sys/fs/cgroup/unified")
}

func TestNothingIsSaidWithoutControlGroups(t *testing.T) {
	said := start(t, "measure", "unshare", "-m", "sh", "-c", `umount -R -l /sys/fs/cgroup && exec "$0"`).play(t)
	for _, absent := range []string{"container.cpu", "container.memory", "container.io", "container.tasks"} {
		if strings.Contains(said, absent) {
			t.Errorf("%s was measured:\n%s", absent, said)
		}
	}
	if n := strings.Count(said, `level=DEBUG msg="not measured" part="control groups"`); n != 1 || strings.Contains(said, "level=WARN") {
		t.Errorf("it was told %d times in three cycles:\n%s", n, said)
	}
	if !strings.Contains(said, `container.filesystem.size_bytes{mount="/"}`) {
		t.Errorf("and the rest was not measured:\n%s", said)
	}
}
