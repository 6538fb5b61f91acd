package config_test

import (
	"os"
	"strings"
	"testing"

	"concierge/internal/config"
)

func TestSecondSourceFromAVariableIsNamed(t *testing.T) {
	t.Chdir(project(t, "ce.yaml", "sources: {file: {}}"))
	_, err := config.Load(config.Options{Path: "ce.yaml", Environ: []string{"CONCIERGE_CONSUL_TOKEN=hvs.x"}})
	want := "sources: has consul (CONCIERGE_CONSUL_TOKEN) and file (ce.yaml:1:17) but no default; set sources.default to the one that bare keys ask"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestDestinationsThatAreOneFileByLinksAreFound(t *testing.T) {
	dir := project(t, "real/keep", "", "follow.yaml", `templates:
- {contents: a, destination: real/new/x}
- {contents: b, destination: link/new/x}
`, "rename.yaml", `templates:
- {contents: a, destination: real/keep}
- {contents: b, destination: alias}
`, "in_place.yaml", `templates:
- {contents: a, destination: real/keep}
- {contents: b, destination: alias, write: in_place}
`)
	for link, target := range map[string]string{"link": "real", "alias": "real/keep"} {
		if err := os.Symlink(target, dir+"/"+link); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"follow.yaml", "in_place.yaml"} {
		_, err := config.Load(config.Options{Path: dir + "/" + name})
		if err == nil || !strings.Contains(err.Error(), "is written by another template, "+dir+"/"+name+":2:30") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// rename replaces the link, not what it points to.
	load(t, config.Options{Path: dir + "/rename.yaml"})
}

func TestPathsOfFlagsAreSaidToStartAtTheWorkingDirectory(t *testing.T) {
	_, err := config.Load(config.Options{Templates: []config.Template{{Source: "none", Destination: "o"}}})
	if err == nil || !strings.Contains(err.Error(), "starts at the working directory") {
		t.Errorf("error %v", err)
	}
}

func TestListSettingsSayHowTheyAreWritten(t *testing.T) {
	for _, s := range config.Settings() {
		if strings.HasSuffix(s.Doc, "Comma-separated in flags and variables.") != s.IsList {
			t.Errorf("%s: %s", s.Path, s.Doc)
		}
	}
}
