package convert_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"concierge/internal/config"
	"concierge/internal/config/convert"
)

// ran converts a file with one job and runs what comes out, with variables set.
func ran(t *testing.T, file string, env ...string) []string {
	t.Helper()
	yaml, _, err := convert.Convert(convert.ContainerPilot, convert.File{Path: "c.json5", Text: []byte(file)})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "concierge.yaml")
	if err := os.WriteFile(path, yaml, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Options{Path: path})
	if err != nil {
		t.Fatalf("%v\n%s", err, yaml)
	}
	cmd := exec.CommandContext(t.Context(), cfg.Process.Command[0], cfg.Process.Command[1:]...)
	cmd.Env = append(cmd.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v", cfg.Process.Command, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func TestCommandsGetTheArgumentsThatContainerPilotGaveThem(t *testing.T) {
	const print = `"printf", "%s\\0"`
	for _, c := range []struct {
		exec string
		want []string
	}{
		{`[` + print + `, "it's $HOME * \\ \"", "{{ .SET }}"]`, []string{`it's $HOME * \ "`, "two words"}},
		{`[` + print + `, "a{{ .SET }}b", "{{ .UNSET }}", "c"]`, []string{"atwo wordsb", "", "c"}},
		{`[` + print + `, '{{ .UNSET | default "x} $y \"z\" \\ ` + "`" + `" }}']`, []string{"x} $y \"z\" \\ `"}},
		{`[` + print + `, '{{ env "SET" | default "other" }}', "{{ .EMPTY | default 7 }}"]`, []string{"two words", "7"}},
		{`"printf %s\\0 {{ .SET }} {{ .UNSET }} {{ .STAR }} it's"`, []string{"two", "words", "*", "it's"}},
		{`"printf %s\\0 {{ .UNSET | default 80 }}:{{ .SET }}"`, []string{"80:two", "words"}},
	} {
		file := `{jobs: [{name: "a", exec: ` + c.exec + `}]}`
		if got := ran(t, file, "SET=two words", "EMPTY=", "STAR=*"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", c.exec, got, c.want)
		}
	}
}
