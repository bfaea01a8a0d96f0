package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// protectedKey is the member of a context that is no flag.
const protectedKey = "protected"

// MarshalYAML returns the context as one mapping.
func (c Context) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key, value, tag string) {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, &yaml.Node{Kind: yaml.ScalarNode, Value: value, Tag: tag})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Values)) {
		add(name, c.Values[name], "!!str")
	}
	if c.Protected {
		add(protectedKey, "true", "!!bool")
	}
	return n, nil
}

// UnmarshalYAML reads a mapping of flags to scalars or, as endpoints may be
// written, to lists of them.
func (c *Context) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: a context is a mapping of flags to values", n.Line)
	}
	c.Values = map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		if key == protectedKey {
			if err := value.Decode(&c.Protected); err != nil {
				return fmt.Errorf("line %d: %s is true or false", value.Line, key)
			}
			continue
		}
		text, ok := scalars(value)
		if !ok {
			return fmt.Errorf("line %d: the value of %s is not a text, a number or a list of them", value.Line, key)
		}
		c.Values[key] = text
	}
	return nil
}

// scalars returns a scalar, or a list of them joined by commas.
func scalars(n *yaml.Node) (string, bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value, true
	case yaml.SequenceNode:
		all := make([]string, len(n.Content))
		for i, one := range n.Content {
			if one.Kind != yaml.ScalarNode {
				return "", false
			}
			all[i] = one.Value
		}
		return strings.Join(all, ","), true
	}
	return "", false
}
