package view

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNoViewComputes: the arithmetic of every text that is shown is package okr's. A view compares
// no values and computes with none.
func TestNoViewComputes(t *testing.T) {
	ofDecimals := []string{
		"Abs", "Ceil", "Cmp", "Div", "DivRound", "Equal", "Floor", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual",
		"Mod", "Mul", "Neg", "Pow", "QuoRem", "Round", "RoundCeil", "RoundDown", "RoundFloor", "RoundUp", "Shift", "Sub", "Truncate",
	}
	ofPackage := []string{"Avg", "Max", "Min", "Sum"}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files, looked := token.NewFileSet(), 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			looked++
			from, _ := selector.X.(*ast.Ident)
			if slices.Contains(ofDecimals, selector.Sel.Name) || from != nil && from.Name == "decimal" && slices.Contains(ofPackage, selector.Sel.Name) {
				t.Errorf("%s computes: %s", files.Position(call.Pos()), selector.Sel.Name)
			}
			return true
		})
	}
	if looked < 300 {
		t.Errorf("%d calls", looked)
	}
}
