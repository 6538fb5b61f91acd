package container

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/procfs"
)

// groups is where the control groups of a process are: one directory for all
// that is controlled by version 2, and one for each controller of version 1.
type groups struct {
	unified directory
	v1      map[string]directory
}

// directory is a control group. What limits it can also be set on the groups
// above it, as far as they can be seen: up to top.
type directory struct{ path, top string }

var errNoGroups = errors.New("no control groups are mounted")

// controlGroups measures what the control groups account for.
func (c *Collector) controlGroups(_ context.Context, a *account) error {
	if c.groups == nil {
		g, err := c.find()
		if err != nil {
			return err
		}
		c.groups = g
	}
	before := len(a.samples)
	c.groups.measure(a)
	if len(a.samples) == before {
		c.groups = nil // the process may be in another one by now
		return errNoGroups
	}
	return nil
}

// measure takes each resource from the version that controls it.
func (g *groups) measure(a *account) {
	v2 := unified{g.unified}
	if d, ok := g.v1["cpu"]; ok {
		cpuV1(a, d, g.v1["cpuacct"])
	} else {
		v2.cpu(a)
	}
	if d, ok := g.v1["memory"]; ok {
		memoryV1(a, d)
	} else {
		v2.memory(a)
	}
	if d, ok := g.v1["blkio"]; ok {
		ioV1(a, d)
	} else {
		v2.io(a)
	}
	if d, ok := g.v1["pids"]; ok {
		pids(a, d) // the same in both
	} else {
		pids(a, g.unified)
	}
	v2.pressure(a)
}

// find looks where the control groups are mounted and which of them are those
// of the process.
func (c *Collector) find() (*groups, error) {
	fs, err := procfs.NewFS(c.proc)
	if err != nil {
		return nil, err
	}
	of, err := fs.Self()
	if c.options.Of != 0 {
		of, err = fs.Proc(c.options.Of)
	}
	if err != nil {
		return nil, err
	}
	member, err := of.Cgroups()
	if err != nil {
		return nil, err
	}
	mounts, err := fs.GetMounts()
	if err != nil {
		return nil, err
	}
	return locate(member, mounts), nil
}

func locate(member []procfs.Cgroup, mounts []*procfs.MountInfo) *groups {
	g := &groups{v1: make(map[string]directory)}
	for _, m := range mounts {
		for _, of := range member {
			switch {
			case m.FSType == "cgroup2" && of.HierarchyID == 0:
				g.unified = group(m, of.Path)
			case m.FSType == "cgroup" && of.HierarchyID != 0:
				for _, controller := range of.Controllers {
					if _, ok := m.SuperOptions[controller]; ok {
						g.v1[controller] = group(m, of.Path)
					}
				}
			}
		}
	}
	return g
}

// group is the directory of a control group. A container often sees only its own
// part of the tree, mounted at the top, while its path is told from the root of
// the machine; or its path leads out of what it may see.
func group(m *procfs.MountInfo, path string) directory {
	top := m.MountPoint
	inside, ok := strings.CutPrefix(path, strings.TrimSuffix(m.Root, "/"))
	if !ok || inside != "" && inside[0] != '/' || strings.Contains(inside, "/..") {
		return directory{top, top}
	}
	dir := filepath.Join(top, inside)
	if _, err := os.Stat(dir); err != nil {
		dir = top
	}
	return directory{dir, top}
}
