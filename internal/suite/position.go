package suite

// This file finds the line of a key in a TOML file, so that an error about a value can name
// its line as a syntax error does.

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// lines maps a key's path, such as "workload.batch" or "claim[1].than", to its line. The
// path of a table maps to the line of its header.
type lines map[string]int

// locate indexes text, which must have been parsed without error.
func locate(text []byte) lines {
	index := lines{}
	count := map[string]int{}
	table := ""
	var parser unstable.Parser
	parser.Reset(text)
	for parser.NextExpression() {
		node := parser.Expression()
		path, line := keyOf(&parser, node)
		switch node.Kind {
		case unstable.Table:
			table = path
			index[path] = line
		case unstable.ArrayTable:
			table = fmt.Sprintf("%s[%d]", path, count[path])
			count[path]++
			index[table] = line
		case unstable.KeyValue:
			if table != "" {
				path = table + "." + path
			}
			index[path] = line
		}
	}
	return index
}

func keyOf(parser *unstable.Parser, node *unstable.Node) (path string, line int) {
	var parts []string
	for keys := node.Key(); keys.Next(); {
		key := keys.Node()
		if line == 0 {
			line = parser.Shape(key.Raw).Start.Line
		}
		parts = append(parts, string(key.Data))
	}
	return strings.Join(parts, "."), line
}

// of returns the line of the first known path, or 1.
func (l lines) of(paths ...string) int {
	for _, path := range paths {
		if line, known := l[path]; known {
			return line
		}
	}
	return 1
}
