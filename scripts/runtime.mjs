// SPDX-License-Identifier: Apache-2.0
/**
 * What the two commands of the README need before any TypeScript can run: Node 24 and the packages.
 * Plain JavaScript for any Node from 20 on. Where the machine's Node is older than 24, the platform package
 * `node-<os>-<cpu>` is installed under runtime/ at the version its lockfile names; it has no install script.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the checkout. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const NEEDED_MAJOR = 24

/** Prepares this checkout. Returns the path of a Node that runs it; prints what it installs to standard error. */
export function prepare() {
  const node = findNode()
  installPackages(node)
  return node
}

/** The Node 24 to run with: this one, or the one under runtime/, which is installed when missing. */
export function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) return process.execPath
  const name = `node-${process.platform}-${process.arch}`
  const folder = join(ROOT, 'runtime', 'node_modules', name)
  const node = join(folder, 'bin', 'node')
  const wanted = JSON.parse(readFileSync(join(ROOT, 'runtime', 'package.json'), 'utf8')).optionalDependencies[name]
  if (wanted === undefined)
    fail(
      `Postern needs Node ${NEEDED_MAJOR}; this is ${process.version}, and npm has no Node for ${name}. Please install Node ${NEEDED_MAJOR}.`,
    )
  const manifest = join(folder, 'package.json')
  const found = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : undefined
  if (found !== wanted || !existsSync(node)) {
    say(`this is Node ${process.version}: installing Node ${wanted} for Postern under runtime/ (about 190 MB, once)`)
    npm(process.execPath, ['ci', '--ignore-scripts', '--omit=dev'], join(ROOT, 'runtime'))
  }
  if (!existsSync(node)) fail(`the package ${name} was installed but holds no bin/node`)
  return node
}

/** Installs the packages of package-lock.json unless just these are there already. */
function installPackages(node) {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex')
  const marker = join(ROOT, 'node_modules', '.postern-lock')
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lock) return
  say('installing packages')
  npm(node, ['ci', '--ignore-scripts', '--include=dev', '--include=optional'], ROOT)
  writeFileSync(marker, lock)
}

function npm(node, args, cwd) {
  const script = process.env.npm_execpath
  const viaNode = script !== undefined && /\.c?js$/.test(script)
  const [command, all] = viaNode ? [node, [script, ...args]] : ['npm', args]
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ''}` }
  const done = spawnSync(command, [...all, ...quiet], { cwd, env, stdio: ['ignore', 2, 2] })
  if (done.error !== undefined) fail(`npm could not be started: ${done.error.message}`)
  if (done.status !== 0) fail(`npm ${args.join(' ')} ended with ${done.status ?? done.signal}`)
}

/**
 * Goes on as this program under `node`: with this process's streams, the signals it is sent, and its status, with which it
 * ends. Never resolves.
 */
export async function handOver(node, args) {
  const child = spawn(node, args, { cwd: process.cwd(), stdio: 'inherit' })
  child.on('error', (error) => fail(error.message))
  child.on('exit', (status, signal) => process.exit(status ?? 128 + (constants.signals[signal] ?? 0)))
  for (const name of ['SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name))
  // A terminal sends Ctrl-C to both.
  process.on('SIGINT', () => {})
  await new Promise(() => {})
}

function say(text) {
  process.stderr.write(`postern: ${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(1)
}
