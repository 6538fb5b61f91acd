package funcs

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"concierge/sources"
)

// web are three instances as consul-template showed them for byMeta and byTag.
func web() sources.HealthServices {
	return sources.HealthServices{
		{ID: "w1", Port: 80, Tags: []string{"a", "b"}, ServiceMeta: map[string]string{"v": "1.2", "n": "7"}},
		{ID: "w2", Port: 81, Tags: []string{"a"}, ServiceMeta: map[string]string{"v": "x y", "n": "123456"}},
		{ID: "w3", Port: 80, ServiceMeta: map[string]string{"v": ""}},
	}
}

// grouped shows groups by the IDs in them.
func grouped[K comparable, L ~[]V, V any](m map[K]L) string {
	var groups []string
	for k, list := range m {
		var ids []string
		for _, v := range list {
			ids = append(ids, any(v).(*sources.HealthService).ID)
		}
		groups = append(groups, fmt.Sprint(k, "=", strings.Join(ids, "+")))
	}
	slices.Sort(groups)
	return strings.Join(groups, " ")
}

// The wanted results of the next two tests were observed from consul-template
// 0.41.1 with these services in Consul.

func TestByMetaGroupsAsConsulTemplateDoes(t *testing.T) {
	for names, want := range map[string]string{
		"v,n|int": "1_2_00007=w1 _no_v__00000=w3 x_y_123456=w2",
		"v":       "1_2=w1 _no_v_=w3 x_y=w2",
		"v, n":    "1_2__no__n_=w1 _no_v___no__n_=w3 x_y__no__n_=w2",
		"n|int":   "00000=w3 00007=w1 123456=w2",
		"":        "_no__=w1+w2+w3",
		"v|foo":   "_no_v_foo_=w1+w2+w3",
	} {
		m, err := byMeta(names, web())
		if got := grouped(m); err != nil || got != want {
			t.Errorf("%q: %s, %v\nwant %s", names, got, err, want)
		}
	}
	if _, err := byMeta("v|int", web()); err == nil {
		t.Error("a version was taken for an integer")
	}
}

func TestByTagAndByPortGroupAsConsulTemplateDoes(t *testing.T) {
	tags, err := byTag(web())
	if got := grouped(tags); err != nil || got != "a=w1+w2 b=w1" {
		t.Errorf("byTag: %s, %v", got, err)
	}
	ports, err := byPort(web())
	if got := grouped(ports); err != nil || got != "80=w1+w3 81=w2" {
		t.Errorf("byPort: %s, %v", got, err)
	}
	snippets, err := byTag(sources.CatalogServices{{Name: "web", Tags: []string{"a"}}})
	if err != nil || len(snippets["a"]) != 1 {
		t.Errorf("byTag of a catalogue: %v, %v", snippets, err)
	}
	for _, wrong := range []any{[]any{1}, "text", 5, []string{"a"}, map[string]int{}, sources.Nodes{}} {
		if _, err := byTag(wrong); err == nil {
			t.Errorf("byTag took a %T", wrong)
		}
		if _, err := byPort(wrong); err == nil {
			t.Errorf("byPort took a %T", wrong)
		}
	}
}

func TestExplodeRefusesAKeyThatIsValueAndFolder(t *testing.T) {
	_, err := explode([]*sources.KeyPair{{Key: "a", Value: "1"}, {Key: "a/b", Value: "2"}})
	if err == nil || strings.Contains(err.Error(), `"1"`) {
		t.Errorf("error %v, want one without the value", err)
	}
	m, err := explode([]*sources.KeyPair{{Key: "a/b", Value: "2"}, {Key: "a", Value: "1"}})
	if err != nil || m["a"] != "1" {
		t.Errorf("the other way round: %v, %v", m, err)
	}
}

func TestByKeyDoesNotChangeItsArgument(t *testing.T) {
	pairs := []*sources.KeyPair{{Path: "x/a/b", Key: "a/b"}, {Path: "x/a", Key: "a"}}
	m := byKey(pairs)
	if len(m) != 1 || m["a"]["b"].Key != "b" || m["a"]["b"].Path != "x/a/b" || pairs[0].Key != "a/b" {
		t.Errorf("%v from %v", m, pairs)
	}
}

func TestLongLoopCountsAsItGoes(t *testing.T) {
	v, err := loop(1 << 40)
	seq, ok := v.(iter.Seq[int64])
	if err != nil || !ok {
		t.Fatalf("%T, %v", v, err)
	}
	sum := int64(0)
	for n := range seq {
		if n == 4 {
			break
		}
		sum += n
	}
	if sum != 6 {
		t.Errorf("the first rounds add up to %d", sum)
	}
}

func TestTimestampIsUTCNow(t *testing.T) {
	text, err := timestamp()
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !strings.HasSuffix(text, "Z") || time.Since(at).Abs() > time.Minute {
		t.Errorf("%s, %v", text, err)
	}
	unix, err := timestamp("unix")
	if n, _ := parseInt(unix); err != nil || time.Since(time.Unix(n, 0)).Abs() > time.Minute {
		t.Errorf("%s, %v", unix, err)
	}
	if _, err := timestamp("a", "b"); err == nil {
		t.Error("two layouts were accepted")
	}
}

func TestIndentIsBounded(t *testing.T) {
	if _, err := indent(1<<30, "a"); err == nil {
		t.Error("a gigabyte of padding was accepted")
	}
}

func TestSprigHasNothingThatDependsOnTheMachine(t *testing.T) {
	all := Sprig()
	absent := `date dateInZone dateModify date_in_zone date_modify env expandenv getHostByName htmlDate htmlDateInZone now
		randAlpha randAlphaNum randAscii randBytes randNumeric uuidv4`
	for name := range strings.FieldsSeq(absent) {
		if all[name] != nil {
			t.Errorf("%s is there", name)
		}
	}
	// consul-template 0.41.1 offers 194.
	if len(all) != 194 || len(SprigTable()) != len(all) {
		t.Errorf("%d functions, %d described", len(all), len(SprigTable()))
	}
}

func TestTableHasEveryFunctionOnce(t *testing.T) {
	seen := make(map[string]int)
	for _, f := range Table() {
		seen[f.Name]++
		if f.Fn == nil {
			t.Errorf("%s has no function", f.Name)
		}
	}
	for name, n := range seen {
		if n > 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	for _, name := range strings.Fields(consulTemplates) {
		if seen[name] == 0 {
			t.Errorf("%s is not there", name)
		}
	}
}

// consulTemplates are the helpers of consul-template 0.41.1.
const consulTemplates = `add base64Decode base64Encode base64URLDecode base64URLEncode byKey byMeta byPort byTag contains
	containsAll containsAny containsNone containsNotAll divide explode explodeMap hmacSHA256Hex in indent join loop maximum
	md5sum mergeMap mergeMapWithOverride minimum modulo multiply parseBool parseFloat parseInt parseJSON parseUint parseYAML
	regexMatch regexReplaceAll replaceAll sha256Hex split splitToMap subtract timestamp toJSON toJSONPretty toLower toTOML
	toTitle toUnescapedJSON toUnescapedJSONPretty toUpper toYAML trim trimPrefix trimSpace trimSuffix sockaddr`

func FuzzParsers(f *testing.F) {
	for _, seed := range []string{"", "{}", "a: [1, {b: c}]", `{"a":[1,null]}`, "- a\n- b", "a: &x 1\nb: *x", "1_0", "\t"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := parseJSON(text); err == nil {
			if _, err := toJSON(v); err != nil {
				t.Errorf("what came from JSON does not go back: %v", err)
			}
			if _, err := toYAML(v); err != nil {
				t.Errorf("what came from JSON is no YAML: %v", err)
			}
		}
		if v, err := parseYAML(text); err == nil {
			if _, err := toYAML(v); err != nil {
				t.Errorf("what came from YAML does not go back: %v", err)
			}
		}
	})
}
