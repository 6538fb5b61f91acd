package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// claim is a file that something else reads or writes already.
type claim struct {
	at     string // the setting that claims it; empty for the configuration
	reason string // why no template may write it
}

// destinations checks that every file has one template, and that no template
// writes over what concierge reads.
func (v *validator) destinations() {
	paths := new(resolver)
	taken := v.readFiles(paths)
	for i := range v.cfg.Templates {
		if t := &v.cfg.Templates[i]; t.Backup && v.isFile(t.Destination) {
			at := templateAt(i) + ".destination"
			taken[paths.identity(t)+".bak"] = claim{at, "is the backup of another template's file, "}
		}
	}
	for i := range v.cfg.Templates {
		t, at := &v.cfg.Templates[i], templateAt(i)
		switch {
		case t.Destination == "" && v.cfg.DryRun:
			continue
		case t.Destination == "":
			v.fail(at, "", "has no destination", "add destination, the path of the file to write")
			continue
		case !v.isFile(t.Destination):
			v.fail(at+".destination", t.Destination, "is a directory", "add the name of the file")
			continue
		}
		id := paths.identity(t)
		if c, is := taken[id]; is && !(v.cfg.SharedDestinations && strings.HasSuffix(c.at, ".destination")) {
			v.clash(at, t.Destination, c)
		}
		taken[id] = claim{at + ".destination", "is written by another template, "}
	}
}

// readFiles returns the configuration and the templates.
func (v *validator) readFiles(paths *resolver) map[string]claim {
	taken := make(map[string]claim)
	for i, t := range v.cfg.Templates {
		if t.Source != "" {
			at := templateAt(i) + ".source"
			taken[paths.resolve(t.Source, true)] = claim{at, "is the source of another template, "}
			taken[paths.resolve(t.Source, false)] = claim{at, "is the source of another template, "}
		}
	}
	if v.file != "" {
		taken[paths.resolve(v.file, true)] = claim{reason: "is the configuration file"}
		taken[paths.resolve(v.file, false)] = claim{reason: "is the configuration file"}
	}
	return taken
}

func (v *validator) clash(at, destination string, c claim) {
	reason := c.reason
	switch {
	case c.at == at+".source":
		reason = "is the template itself"
	case c.at != "":
		reason += v.cfg.Where(c.at)
	}
	v.fail(at+".destination", destination, reason, "give it another destination")
}

func (v *validator) isFile(destination string) bool {
	return destination != "" && !strings.HasSuffix(destination, "/")
}

// identity is the one path of the file that a template changes: with rename, a
// symbolic link itself is replaced.
func (r *resolver) identity(t *Template) string { return r.resolve(t.Destination, t.Write != "rename") }

// resolver finds out what paths are without symbolic links. It looks at each
// directory once: thousands of files are in a few.
type resolver struct {
	dirs map[string]string // by their absolute path
}

// resolve returns an absolute path whose existing part is free of symbolic
// links, except for its last name unless whole is set.
func (r *resolver) resolve(path string, whole bool) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path // the working directory is gone; files are compared as written
	}
	if info, err := os.Lstat(abs); whole && err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			return real
		}
	}
	return filepath.Join(r.directory(filepath.Dir(abs)), filepath.Base(abs))
}

// directory resolves as much of a directory as exists.
func (r *resolver) directory(dir string) string {
	if real, known := r.dirs[dir]; known {
		return real
	}
	real, err := filepath.EvalSymlinks(dir)
	if parent := filepath.Dir(dir); err != nil && parent != dir {
		real = filepath.Join(r.directory(parent), filepath.Base(dir))
	} else if err != nil {
		real = dir
	}
	if r.dirs == nil {
		r.dirs = make(map[string]string)
	}
	r.dirs[dir] = real
	return real
}
