package hclfile

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/hcl/ast"

	"concierge/internal/config"
)

// entry is one key of a block.
type entry struct {
	key  string
	item *ast.ObjectItem // with what belongs to the key alone
}

// blockOf returns the keys of a block. An item with several keys, consul retry
// { … }, is a block in a block. The JSON parser makes such items, too, of
// objects that hold objects only; they share their first key, and belong to one
// block.
func blockOf(list *ast.ObjectList) []entry {
	var all []entry
	blocks := make(map[*ast.ObjectKey]*ast.ObjectList)
	for _, item := range list.Items {
		if len(item.Keys) == 0 {
			continue
		}
		first := item.Keys[0]
		if len(item.Keys) == 1 {
			all = append(all, entry{keyText(first), item})
			continue
		}
		inner := *item
		inner.Keys = item.Keys[1:]
		if block, ok := blocks[first]; ok {
			block.Add(&inner)
			continue
		}
		block := &ast.ObjectList{Items: []*ast.ObjectItem{&inner}}
		blocks[first] = block
		outer := *item
		outer.Keys, outer.Val = item.Keys[:1], &ast.ObjectType{List: block}
		all = append(all, entry{keyText(first), &outer})
	}
	return all
}

func keyText(k *ast.ObjectKey) (text string) {
	defer func() {
		if recover() != nil { // an escape that nobody can read
			text = k.Token.Text
		}
	}()
	text, _ = k.Token.Value().(string)
	return text
}

// numbers warns of values that other programs take literally, but that are
// hardly what was meant.
func (d *decoder) numbers(at config.Origin, path string, m member, items []literal) {
	if len(items) == 0 || !items[0].number {
		return
	}
	switch v := m.value.Addr().Interface().(type) {
	case *Value[time.Duration]:
		if v.V != 0 {
			d.warn(at, path, fmt.Sprintf("is %s, because a bare number is one of nanoseconds; write \"%ss\" for seconds", v.V, items[0].text))
		}
	case *Value[fs.FileMode]:
		n, err := strconv.ParseUint(items[0].text, 10, 32)
		if octal := strings.HasPrefix(items[0].text, "0"); err == nil && !octal && n > uint64(fs.ModePerm) {
			d.warn(at, path, fmt.Sprintf("is the mode %04o, because %d is a decimal number; write octal in quotes", v.V, n))
		}
	}
}

// shorten cuts a value to what a line of text can show.
func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
