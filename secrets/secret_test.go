package secrets_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"concierge/secrets"
)

const password = "hunter2-and-more"

// holder is how configuration holds secrets.
type holder struct {
	Plain   secrets.Text            `json:"plain" yaml:"plain"`
	Pointer *secrets.Text           `json:"pointer" yaml:"pointer"`
	List    []secrets.Text          `json:"list" yaml:"list"`
	Map     map[string]secrets.Text `json:"map" yaml:"map" xml:"-"`
}

func held() holder {
	text := secrets.NewText(password)
	return holder{Plain: text, Pointer: &text, List: []secrets.Text{text}, Map: map[string]secrets.Text{"k": text}}
}

func assertHidden(t *testing.T, how, shown string) {
	t.Helper()
	if strings.Contains(shown, password) || strings.Contains(shown, fmt.Sprintf("%x", password)) {
		t.Errorf("%s shows the secret: %s", how, shown)
	}
}

func TestNoVerbShowsASecret(t *testing.T) {
	text := secrets.NewText(password)
	for _, verb := range []string{
		"%v", "%+v", "%#v", "%T", "%s", "%q", "%+q", "%#q", "%x", "%X", "% x", "%#x", "%d", "%c", "%U", "%b", "%o", "%O",
		"%e", "%E", "%f", "%F", "%g", "%G", "%t", "%p", "%w", "%z", "%10s", "%-30v", "%.3s", "%.0s",
	} {
		for _, v := range []any{text, &text, held(), []any{text}, map[string]any{"k": text}, map[secrets.Text]int{text: 1}, struct{ T any }{text}} {
			assertHidden(t, verb, fmt.Sprintf(verb, v))
		}
	}
	if got := fmt.Sprint(text); got != secrets.Redacted {
		t.Errorf("a secret prints as %q, want %q", got, secrets.Redacted)
	}
	if got := fmt.Sprintf("%s|%v|%#v", secrets.Text{}, secrets.Text{}, secrets.Text{}); got != "||" {
		t.Errorf("no secret prints as %q, want nothing", got)
	}
	assertHidden(t, "Println", fmt.Sprintln(text, held()))
	assertHidden(t, "Errorf", fmt.Errorf("doing it with %v: %w", text, fmt.Errorf("%+v", held())).Error())
}

func TestSecretsCompareByValue(t *testing.T) {
	if secrets.NewText("a-secret") != secrets.NewText("a-"+"secret") || secrets.NewText("a") == secrets.NewText("b") {
		t.Error("equality is not that of the secrets")
	}
	if secrets.NewText("") != (secrets.Text{}) {
		t.Error("an empty secret differs from none")
	}
}

func TestNoEncodingShowsASecret(t *testing.T) {
	for name, marshal := range map[string]func(any) ([]byte, error){
		"JSON": json.Marshal, "YAML": yaml.Marshal, "XML": xml.Marshal,
	} {
		out, err := marshal(held())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		assertHidden(t, name, string(out))
		if !strings.Contains(string(out), secrets.Redacted) {
			t.Errorf("%s does not tell that there is a secret: %s", name, out)
		}
	}
}

func TestNoLogShowsASecret(t *testing.T) {
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		log := slog.New(h).With("with", secrets.NewText(password))
		text := secrets.NewText(password)
		log.Info("message", "text", text, "pointer", &text, "holder", held(), slog.Group("group", "text", text), "any", []any{text})
	}
	assertHidden(t, "slog", out.String())
	if n := strings.Count(out.String(), secrets.Redacted); n < 10 {
		t.Errorf("%d places are marked, want all: %s", n, out.String())
	}
}

func TestSecretsAreReadFromYAMLAndJSON(t *testing.T) {
	var fromYAML, fromJSON holder
	if err := yaml.Unmarshal([]byte("plain: "+password), &fromYAML); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"plain": "`+password+`"}`), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if fromYAML.Plain.Reveal() != password || fromJSON.Plain.Reveal() != password {
		t.Error("what was read is not what was written")
	}
	if fromYAML.Plain.Empty() || !(secrets.Text{}).Empty() {
		t.Error("emptiness is wrong")
	}
}
