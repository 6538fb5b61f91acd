package config

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ProcessName is how the process is called beside the jobs.
const ProcessName = "process"

var (
	limitValue   = regexp.MustCompile(`^(unlimited|[0-9]+)(:(unlimited|[0-9]+))?$`)
	umaskValue   = regexp.MustCompile(`^(0?[0-7]{3})?$`)
	restartLimit = regexp.MustCompile(`^(unlimited|[1-9][0-9]{0,8})?$`)
)

// LimitNames are the resource limits that can be set, as in limits.conf(5).
func LimitNames() []string {
	return []string{"as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "sigpending", "stack"}
}

// jobs checks the jobs and what the process has in common with them.
func (v *validator) jobs() {
	for _, name := range slices.Sorted(maps.Keys(v.cfg.Jobs)) {
		at, j := joinPath("jobs", name), v.cfg.Jobs[name]
		switch {
		case name == ProcessName:
			v.fail(at, name, "is the name of the process", "choose another name")
		case strings.Contains(name, "."):
			v.fail(at, name, "has a dot", "use letters, digits, dashes and underscores")
		}
		v.job(at, j)
	}
	v.dependencies()
}

func (v *validator) job(at string, j *Job) {
	v.command(at+".command", j.Command)
	v.program(at, &j.Program)
	v.globs(at+".variables", j.Variables)
	switch {
	case j.Type == JobInterval && j.Every == 0:
		v.fail(at, "", "has no every", "add every, for example every: 5m")
	case j.Type != JobInterval && j.Every > 0:
		v.fail(at+".every", "", "is only for jobs of the type interval", "add type: interval, or remove every")
	case j.Type == JobService && j.Timeout > 0:
		v.fail(at+".timeout", "", "is only for jobs that run to their end", "add type: once, or remove timeout")
	case j.Hook != "" && j.Type != JobOnce:
		v.fail(at+".hook", j.Hook, "is only for jobs of the type once", "add type: once")
	case j.Hook != "" && len(j.DependsOn) > 0:
		v.fail(at+".depends_on", "", "stands beside a hook", "keep one of them")
	case j.Hook != "" && v.cfg.Process == nil:
		v.fail(at+".hook", j.Hook, "needs a process", "add a process section; process: {} if the command stands on the command line")
	case j.Type != JobService && j.Restart.Policy == "always":
		v.fail(at+".restart.policy", "always", "is only for services", "write on-failure, or use type: interval")
	case j.Type != JobService && (j.Health != nil || j.Readiness != nil):
		v.fail(at, "", "has a health check, but runs to its end", "use type: service")
	}
}

// program checks what the process and the jobs have in common.
func (v *validator) program(at string, p *Program) {
	v.owner(at+".user", p.User)
	v.owner(at+".group", p.Group)
	if !umaskValue.MatchString(p.Umask) {
		v.fail(at+".umask", p.Umask, "is not an octal mask", `write three or four octal digits in quotes, for example "0027"`)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Limits)) {
		switch {
		case !slices.Contains(LimitNames(), name):
			v.fail(joinPath(at+".limits", name), name, "is not a resource limit", "known: "+strings.Join(LimitNames(), ", "))
		case !limitValue.MatchString(p.Limits[name]):
			v.fail(joinPath(at+".limits", name), p.Limits[name], "is not a limit", "write a number, SOFT:HARD, or unlimited")
		case softAbove(p.Limits[name]):
			v.fail(joinPath(at+".limits", name), p.Limits[name], "has a soft limit above the hard one", "write SOFT:HARD, the smaller number first")
		}
	}
	v.environment(at+".environment", &p.Environment)
	v.restart(at+".restart", p.Restart)
	if p.Output.Redact && p.Output.Format == "raw" {
		v.fail(at+".output.redact", "true", "is not possible with the format raw", "write format: prefix or json")
	}
	v.health(at+".health", p.Health)
	v.health(at+".readiness", p.Readiness)
	v.runaway(at+".runaway", p.Runaway)
}

// softAbove reports whether a limit has a soft part above its hard one.
func softAbove(limit string) bool {
	soft, hard, two := strings.Cut(limit, ":")
	s, errSoft := strconv.ParseUint(soft, 10, 64)
	h, errHard := strconv.ParseUint(hard, 10, 64)
	return two && errHard == nil && (errSoft != nil || s > h)
}

func (v *validator) restart(at string, r Restart) {
	if !restartLimit.MatchString(r.Limit) {
		v.fail(at+".limit", r.Limit, "is not a number of restarts", "write a number from 1, or unlimited; 0 would not say whether it means none or no limit (for none, write policy: never)")
	}
	if r.MaxDelay < r.Delay {
		v.fail(at, "", fmt.Sprintf("has max_delay %s, which is less than delay %s", r.MaxDelay, r.Delay), "raise max_delay")
	}
	for i, code := range r.ExpectedCodes {
		if code > 255 {
			v.fail(fmt.Sprintf("%s.expected_codes[%d]", at, i), "", "is not an exit status", "write a number from 0 to 255")
		}
	}
}

// health checks a health check; nil is none.
func (v *validator) health(at string, h *Health) {
	if h == nil {
		return
	}
	given := 0
	for _, one := range []bool{h.HTTP != "", h.TCP != "", h.GRPC != "", h.Command != nil} {
		if one {
			given++
		}
	}
	if given != 1 {
		v.fail(at, "", "needs exactly one of http, tcp, grpc and command", "write for example http: http://127.0.0.1:8080/health")
	}
	if h.Command != nil {
		v.command(at+".command", h.Command)
	}
	v.probeAddress(at, h)
}

func (v *validator) probeAddress(at string, h *Health) {
	if h.HTTP != "" && !strings.HasPrefix(h.HTTP, "unix:/") {
		u, err := url.Parse(h.HTTP)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			v.fail(at+".http", "", "is not a URL of http or https", "write for example http://127.0.0.1:8080/health, or unix:/path/of/socket:/health")
		}
	}
	service, _, _ := strings.Cut(h.GRPC, "/")
	for name, address := range map[string]string{"tcp": h.TCP, "grpc": service} {
		if address == "" || strings.HasPrefix(address, "unix:") {
			continue
		}
		_, port, err := net.SplitHostPort(address)
		if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || n == 0 {
			v.fail(at+"."+name, address, "is not host:port", "write for example 127.0.0.1:8080")
		}
	}
}

// sets checks the table of sets.
func (v *validator) sets() {
	for _, name := range slices.Sorted(maps.Keys(v.cfg.Sets)) {
		at, s := joinPath("sets", name), v.cfg.Sets[name]
		members := v.members(name)
		if len(members) == 0 {
			v.fail(at, name, "has no templates", fmt.Sprintf("add set: %s to the templates that belong to it", name))
		}
		if s.Check != nil {
			v.command(at+".check.command", s.Check.Command)
			v.environment(at+".check.environment", s.Check.Environment)
		}
		v.health(at+".health", s.Health)
		if s.Directory != "" {
			v.directory(at, s.Directory, members)
			v.apart(name, s.Directory)
		}
	}
}

// apart checks that no other file or set is where a set has its directory: each
// would take the other's files for its own.
func (v *validator) apart(name, dir string) {
	for other, s := range v.cfg.Sets {
		if below, err := filepath.Rel(dir, s.Directory); s.Directory != "" && other != name && err == nil && filepath.IsLocal(below) && (below != "." || other < name) {
			v.fail(joinPath("sets", other)+".directory", s.Directory, "is the directory of set "+name+", or below it", "give each set a directory of its own")
		}
	}
	for i := range v.cfg.Templates {
		t := &v.cfg.Templates[i]
		if below, err := filepath.Rel(dir, t.Destination); t.Set != name && t.Destination != "" && err == nil && filepath.IsLocal(below) {
			v.fail(templateAt(i)+".destination", t.Destination, "is below the directory of set "+name, "add set: "+name+", or choose another place")
		}
	}
}

// members returns the places in templates of a set's templates.
func (v *validator) members(set string) []int {
	var at []int
	for i := range v.cfg.Templates {
		if v.cfg.Templates[i].Set == set {
			at = append(at, i)
		}
	}
	return at
}

// directory checks that the files of a set can be one tree.
func (v *validator) directory(at, dir string, members []int) {
	for _, i := range members {
		t := &v.cfg.Templates[i]
		below, err := filepath.Rel(dir, t.Destination)
		switch {
		case err != nil || !filepath.IsLocal(below) || below == ".":
			v.fail(templateAt(i)+".destination", t.Destination, "is not below the directory of its set", "write a path below "+dir+", or remove directory from "+at)
		case strings.HasPrefix(below, ".."):
			v.fail(templateAt(i)+".destination", t.Destination, "begins with two dots below the directory of its set", "choose another name; such names are concierge's own there")
		case t.Write != "" && t.Write != "rename":
			v.fail(templateAt(i)+".write", t.Write, "is not possible in a directory that changes in one step", "remove it")
		case t.Backup:
			v.fail(templateAt(i)+".backup", "true", "is not possible in a directory that changes in one step", "remove it; the directory before is kept beside ..data")
		}
	}
}
