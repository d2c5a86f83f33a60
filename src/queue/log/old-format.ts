// SPDX-License-Identifier: Apache-2.0
/**
 * Development versions kept a content file and a journal for each message, in `messages/0` to `messages/f`. That form
 * was never released, so it is not read; but mail that lies in it is not passed over in silence either.
 */
import { join } from 'node:path'
import { type FileLayer, isMissing } from '../file-layer.ts'

export class OldFormat extends Error {
  override readonly name = 'OldFormat'
}

/** @throws OldFormat when there is mail in the old form */
export async function refuseOldFormat(files: FileLayer, directory: string): Promise<void> {
  const old = join(directory, 'messages')
  for (const name of await namesIn(files, old)) {
    if ((await namesIn(files, join(old, name))).some((file) => file.endsWith('.journal')))
      throw new OldFormat(
        `${old} holds mail of an earlier development version, which this one does not read: ` +
          'let that version deliver it (postern queue retry --all), or move the folder away',
      )
  }
}

async function namesIn(files: FileLayer, directory: string): Promise<readonly string[]> {
  try {
    return await files.list(directory)
  } catch (error) {
    if (isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'ENOTDIR')) return []
    throw error
  }
}
