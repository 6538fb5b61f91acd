package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// What the programs that push metrics may use: 128 MiB, and a fifth of a core.
const (
	groupMemory = 128 << 20
	groupQuota  = 20_000  // µs of each period
	groupPeriod = 100_000 // µs
)

// controlGroup is a control group of whatever version the machine has: one
// directory, or in version 1 one for each controller. The zero value has no
// limits and measures nothing.
type controlGroup struct {
	dirs        []string
	usage, peak string // files
	version     int
	perSecond   float64 // how many units of usage are a second
}

// newControlGroup makes a group with the limits, which ends with the test.
func newControlGroup(tb testing.TB) *controlGroup {
	tb.Helper()
	mounts, err := procfs.GetMounts()
	if err != nil {
		tb.Fatal(err)
	}
	var g controlGroup
	for _, m := range mounts {
		if m.FSType == "cgroup2" && controlledBy(m.MountPoint, "cpu", "memory") {
			g.unified(tb, m.MountPoint)
			return &g
		}
	}
	g.legacy(tb, mounts)
	if g.usage == "" || g.peak == "" {
		tb.Fatal("there are no control groups for processor time and memory that can be written: run this as root, in a container that is --privileged")
	}
	return &g
}

func controlledBy(mount string, controllers ...string) bool {
	text, _ := os.ReadFile(filepath.Join(mount, "cgroup.controllers"))
	there := strings.Fields(string(text))
	for _, c := range controllers {
		if !strings.Contains(" "+strings.Join(there, " ")+" ", " "+c+" ") {
			return false
		}
	}
	return true
}

// unified makes a group of version 2.
func (g *controlGroup) unified(tb testing.TB, mount string) {
	tb.Helper()
	writeFile(tb, filepath.Join(mount, "cgroup.subtree_control"), "+cpu +memory")
	dir := g.dir(tb, mount)
	writeFile(tb, filepath.Join(dir, "memory.max"), strconv.Itoa(groupMemory))
	writeFile(tb, filepath.Join(dir, "cpu.max"), fmt.Sprint(groupQuota, " ", groupPeriod))
	g.usage, g.peak, g.version, g.perSecond = filepath.Join(dir, "cpu.stat"), filepath.Join(dir, "memory.peak"), 2, 1e6
}

// legacy makes groups of version 1.
func (g *controlGroup) legacy(tb testing.TB, mounts []*procfs.MountInfo) {
	tb.Helper()
	g.version, g.perSecond = 1, 1e9
	for _, m := range mounts {
		has := func(controller string) bool { _, ok := m.SuperOptions[controller]; return ok }
		if m.FSType != "cgroup" || !has("cpu") && !has("cpuacct") && !has("memory") {
			continue
		}
		dir := g.dir(tb, m.MountPoint)
		if has("cpu") {
			writeFile(tb, filepath.Join(dir, "cpu.cfs_period_us"), strconv.Itoa(groupPeriod))
			writeFile(tb, filepath.Join(dir, "cpu.cfs_quota_us"), strconv.Itoa(groupQuota))
		}
		if has("cpuacct") {
			g.usage = filepath.Join(dir, "cpuacct.usage")
		}
		if has("memory") {
			writeFile(tb, filepath.Join(dir, "memory.limit_in_bytes"), strconv.Itoa(groupMemory))
			g.peak = filepath.Join(dir, "memory.max_usage_in_bytes")
		}
	}
}

// dir makes a directory, which is removed when its processes have ended.
func (g *controlGroup) dir(tb testing.TB, mount string) string {
	tb.Helper()
	dir, err := os.MkdirTemp(mount, "concierge-bench-")
	if err != nil {
		tb.Fatal(err)
	}
	g.dirs = append(g.dirs, dir)
	tb.Cleanup(func() {
		for end := time.Now().Add(longestEnd); os.Remove(dir) != nil && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
	})
	return dir
}

func writeFile(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// command makes a command whose process is in the group before it becomes the
// program.
func (g *controlGroup) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	const enter = `while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"`
	all := append([]string{"-c", enter, "sh"}, g.dirs...)
	all = append(append(all, "--", program), args...)
	cmd := exec.CommandContext(ctx, "/bin/sh", all...)
	cmd.Env, cmd.SysProcAttr = environment(), boundToParent()
	return cmd
}

// cpu is how much processor time the group has used, user and system.
func (g *controlGroup) cpu(tb testing.TB) time.Duration {
	tb.Helper()
	if g.usage == "" {
		return 0
	}
	n := g.number(tb, g.usage)
	return time.Duration(n / g.perSecond * float64(time.Second))
}

// peakMemory is the most that the group has used, with the page cache.
func (g *controlGroup) peakMemory(tb testing.TB) float64 {
	tb.Helper()
	if g.peak == "" {
		return 0
	}
	return g.number(tb, g.peak)
}

// number reads the last word of a file's first line.
func (g *controlGroup) number(tb testing.TB, file string) float64 {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	words := strings.Fields(line)
	n, err := strconv.ParseFloat(words[len(words)-1], 64)
	if err != nil {
		tb.Fatalf("reading %s: %v", file, err)
	}
	return n
}
