package convert

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Kind is a program whose configuration can be converted.
type Kind string

// The kinds.
const (
	ConsulTemplate Kind = "consul-template"
	VaultAgent     Kind = "vault-agent"
	Confd          Kind = "confd"
	ContainerPilot Kind = "containerpilot"
	Procfile       Kind = "procfile"
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{ConsulTemplate, VaultAgent, Confd, ContainerPilot, Procfile} }

// File is one file to convert.
type File struct {
	// Path is the name of the file, for messages. The templates of confd are
	// looked for beside it.
	Path string
	Text []byte
}

// Read reads files, and what is named like a configuration in directories and
// below them. Templates of confd, which stand in a directory of that name, are
// left out.
func Read(paths ...string) ([]File, error) {
	var files []File
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || name != path && !isConfiguration(name) {
				return err
			}
			text, err := os.ReadFile(name)
			files = append(files, File{name, text})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading configuration: %w; name files or directories", err)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no configuration in %s; name the files", strings.Join(paths, ", "))
	}
	return files, nil
}

// isConfiguration tells files of a directory from templates.
func isConfiguration(name string) bool {
	return (isProcfile(name) || slices.Contains([]string{".hcl", ".json", ".json5", ".toml", ".ctconfig", ".conf"}, filepath.Ext(name))) &&
		filepath.Base(filepath.Dir(name)) != "templates"
}

// Convert converts the files of one program, which are laid over each other in
// their order. An empty kind is guessed. notes are for the person who converts:
// what to do by hand. The error says what is wrong with the files, with places.
func Convert(kind Kind, files ...File) (yaml []byte, notes []string, err error) {
	if kind == "" {
		if kind, err = guess(files); err != nil {
			return nil, nil, err
		}
	}
	out := newResult(kind, files)
	switch kind {
	case ConsulTemplate:
		err = fromConsulTemplate(files, out)
	case VaultAgent:
		err = fromVaultAgent(files, out)
	case Confd:
		err = fromConfd(files, out)
	case ContainerPilot:
		err = fromContainerPilot(files, out)
	case Procfile:
		err = fromProcfile(files, out)
	default:
		err = fmt.Errorf("cannot convert from %q; write one of %v", kind, Kinds())
	}
	if err != nil {
		return nil, nil, err
	}
	yaml, err = out.yaml()
	return yaml, out.notes, err
}

func isProcfile(name string) bool {
	base := filepath.Base(name)
	return base == "Procfile" || strings.HasPrefix(base, "Procfile.") || filepath.Ext(base) == ".procfile"
}

// pilotList finds the lists that ContainerPilot's files have.
var pilotList = regexp.MustCompile(`["']?\b(jobs|watches|services|backends|coprocesses|tasks)["']?\s*:\s*\[`)

// guess finds out the program: confd has TOML, Vault Agent and ContainerPilot
// have blocks that no other has.
func guess(files []File) (Kind, error) {
	for _, f := range files {
		text := string(f.Text)
		switch {
		case filepath.Ext(f.Path) == ".toml":
			return Confd, nil
		case isProcfile(f.Path):
			return Procfile, nil
		case filepath.Ext(f.Path) == ".json5", filepath.Ext(f.Path) == ".json" && pilotList.MatchString(text):
			return ContainerPilot, nil
		case strings.Contains(text, "auto_auth") || strings.Contains(text, "env_template") || strings.Contains(text, "template_config"):
			return VaultAgent, nil
		}
	}
	if len(files) == 0 {
		return "", fmt.Errorf("there is nothing to convert; name files or directories")
	}
	return ConsulTemplate, nil
}
