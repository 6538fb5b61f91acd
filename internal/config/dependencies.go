package config

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// conditions are what a program can wait for of another one.
var conditions = []string{"started", "healthy", "completed"}

// dependencies checks who waits for whom.
func (v *validator) dependencies() {
	for _, name := range slices.Sorted(maps.Keys(v.cfg.Jobs)) {
		v.dependsOn(joinPath("jobs", name), v.cfg.Jobs[name].DependsOn)
	}
	if p := v.cfg.Process; p != nil {
		v.dependsOn(ProcessName, p.DependsOn)
	}
	if ring := v.ring(); len(ring) > 0 {
		at := joinPath("jobs", ring[0])
		v.fail(at+".depends_on", "", "is a ring: "+strings.Join(append(ring, ring[0]), " waits for "), "remove one of these dependencies")
	}
}

func (v *validator) dependsOn(at string, on map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(on)) {
		place, condition := joinPath(at+".depends_on", name), on[name]
		j, known := v.cfg.Jobs[name]
		switch {
		case name == ProcessName && v.cfg.Process != nil && condition != "completed":
		case name == ProcessName && v.cfg.Process != nil:
			v.fail(place, condition, "never happens while concierge runs", "use a job with hook: after_stop")
		case !known:
			v.fail(place, name, "is not a job", cmp.Or(suggest(name, slices.Sorted(maps.Keys(v.cfg.Jobs))), "add it to jobs"))
		case !slices.Contains(conditions, condition):
			v.fail(place, condition, "is not a condition", "write started, healthy or completed")
		case j.Hook != "":
			v.fail(place, name, "is a hook", "hooks run by themselves; remove its hook to depend on it")
		case condition == "completed" && j.Type != JobOnce:
			v.fail(place, condition, "never happens to a "+j.Type+" job", "write started or healthy, or give it type: once")
		case condition == "healthy" && j.Health == nil && j.Readiness == nil:
			v.fail(place, condition, "needs a health check of "+name, "add health to it, or write started")
		}
	}
}

// knownJob checks a job that is named elsewhere.
func (v *validator) knownJob(at, name string) {
	if j, ok := v.cfg.Jobs[name]; !ok {
		v.fail(at, name, "is not a job", cmp.Or(suggest(name, slices.Sorted(maps.Keys(v.cfg.Jobs))), "add it to jobs"))
	} else if j.Hook != "" {
		v.fail(at, name, "is a hook", "hooks run by themselves; remove its hook to run it here")
	}
}

// ring returns jobs that wait for each other, if there are some.
func (v *validator) ring() []string {
	const open, done = 1, 2
	state := make(map[string]int)
	var path []string
	var visit func(name string) []string
	visit = func(name string) []string {
		switch state[name] {
		case open:
			return slices.Clone(path[slices.Index(path, name):])
		case done:
			return nil
		}
		state[name], path = open, append(path, name)
		for _, next := range slices.Sorted(maps.Keys(v.needs(name))) {
			if ring := visit(next); ring != nil {
				return ring
			}
		}
		state[name], path = done, path[:len(path)-1]
		return nil
	}
	for _, name := range append(slices.Sorted(maps.Keys(v.cfg.Jobs)), ProcessName) {
		if ring := visit(name); ring != nil {
			return ring
		}
	}
	return nil
}

func (v *validator) needs(name string) map[string]string {
	if name == ProcessName && v.cfg.Process != nil {
		return v.cfg.Process.DependsOn
	}
	if j := v.cfg.Jobs[name]; j != nil {
		return j.DependsOn
	}
	return nil
}

// units of sizes; KB and KiB are the same 1024 bytes, as in limits of systemd.
var units = map[string]int64{"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

// Bytes returns Memory in bytes; 0 is no limit.
func (r *Runaway) Bytes() int64 {
	text := strings.TrimSuffix(strings.TrimSuffix(r.Memory, "B"), "i")
	number := strings.TrimRight(text, "KMGT")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0
	}
	return int64(n * float64(units[text[len(number):]]))
}

// CPU returns Processors as a number; 0 is no limit.
func (r *Runaway) CPU() float64 {
	n, err := strconv.ParseFloat(r.Processors, 64)
	if err != nil {
		return 0
	}
	return n
}

var (
	sizeValue   = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?([KMGT]i?)?B?)?$`)
	numberValue = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?)?$`)
)

func (v *validator) runaway(at string, r *Runaway) {
	if r != nil && !sizeValue.MatchString(r.Memory) {
		v.fail(at+".memory", r.Memory, "is not a size", "write for example 512MiB")
		return
	}
	if r != nil && !numberValue.MatchString(r.Processors) {
		v.fail(at+".processors", r.Processors, "is not a number of processors", "write for example 1.5")
		return
	}
	if r != nil && r.Bytes() <= 0 && r.CPU() <= 0 {
		v.fail(at, "", "has no limit, or 0, which limits nothing", "add memory: 512MiB or processors: 1.5")
	}
}
