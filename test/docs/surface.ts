// What the packages export, and what is said about it, read from the sources.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

export interface Member {
  name: string
  /** Text of the comment above it, empty without one. */
  comment: string
  /** Text after `@default`. */
  byDefault: string | undefined
}

export interface Declaration extends Member {
  path: string
  members: Member[]
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
}

function describeNode(node: ts.Node, name: string): Member {
  const docs = ts.getJSDocCommentsAndTags(node).filter((doc) => ts.isJSDoc(doc))
  const tag = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === 'default')
  return {
    name,
    comment: docs.map((doc) => doc.getText()).join('\n'),
    byDefault: tag && ts.getTextOfJSDocComment(tag.comment)?.trim(),
  }
}

function declarationsOf(path: string): Declaration[] {
  const found: Declaration[] = []
  for (const node of parse(path).statements) {
    if (!ts.canHaveModifiers(node) || !ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
      continue
    const declared = ts.isVariableStatement(node) ? node.declarationList.declarations : [node as ts.NamedDeclaration]
    const members = ts.isInterfaceDeclaration(node)
      ? node.members.map((member) => describeNode(member, member.name?.getText() ?? ''))
      : []
    for (const { name } of declared) if (name) found.push({ ...describeNode(node, name.getText()), path, members })
  }
  return found
}

/** Everything that an entry exports, itself or from files beside it. */
export function exportsOf(entry: string): Declaration[] {
  const all = declarationsOf(entry)
  for (const node of parse(entry).statements) {
    if (!ts.isExportDeclaration(node) || !node.moduleSpecifier) continue
    const from = declarationsOf(join(dirname(entry), (node.moduleSpecifier as ts.StringLiteral).text))
    const clause = node.exportClause
    const names = clause && ts.isNamedExports(clause) ? clause.elements.map(({ name }) => name.text) : null
    all.push(...from.filter(({ name }) => !names || names.includes(name)))
  }
  return all
}
