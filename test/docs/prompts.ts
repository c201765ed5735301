/** A command of a transcript, and what it is shown to print. */
export interface Prompted {
  readonly command: string;
  readonly shown: string;
}

/**
 * The commands of a transcript: each begins with `$ ` and goes on while its lines end in `\`.
 *
 * @throws {Error} If it begins with anything else.
 */
export function promptsOf(text: string): Prompted[] {
  const prompts: { command: string; shown: string }[] = [];
  let isOpen = false;
  for (const line of text.split("\n")) {
    const last = prompts.at(-1);
    if (isOpen && last) last.command += `\n${line}`;
    else if (line.startsWith("$ ")) prompts.push({ command: line.slice(2), shown: "" });
    else if (last) last.shown += `${line}\n`;
    else throw new Error("a transcript begins with a command, as in `$ curl …`");
    isOpen = (isOpen || line.startsWith("$ ")) && line.endsWith("\\");
  }
  return prompts;
}
