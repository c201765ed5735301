/**
 * How easy the pages are to read: words, words a sentence, sentences of more than 25 words, Flesch's reading
 * ease (60 is plain, 100 very easy), the grade of Flesch and Kincaid, and signs of this project's old style in
 * 1,000 words. The old style scores high, since its words are short: the number only guards, people read.
 *
 *   node scripts/pages/reading-ease.ts [--at REVISION] [PAGE …]
 *
 * Only sentences count: code, tables, headings and addresses of links are left out, and code within a sentence
 * is one word of one syllable. A list item is a sentence.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

const LONG_SENTENCE = 25;
const VERY_LONG_SENTENCE = 30;

/** Clauses and verbs that a reader has to turn round; `where` for *if* and *when*, but not for a place. */
const OLD_STYLE = [
  /\b(?:whoever|whomever|those who|those that)\b/gi,
  /(?:^|[.:;]\s+)(?:who|what|that which)\b(?![^.?!]*\?)/gim,
  /\bwhere (?:it|there|they|one|nobody|nothing|a|an|no) (?:is|are|was|were|has|have|\w+s)\b/gi,
  /\b(?:told|stands? in|in earnest|of one's own)\b/gi,
  /\b(?:is|are) (?:none|away)\b/gi,
  /\bof (?:its|their|your|our|his|her) own\b/gi,
];

/** Words whose silent letters the rule below miscounts. */
const SYLLABLES = new Map(
  Object.entries({
    queue: 1,
    queues: 1,
    queued: 1,
    people: 2,
    idea: 3,
    create: 2,
    created: 3,
    being: 2,
  }),
);

/** The sentences of a page in Markdown, code and all that is no sentence left out. */
export function sentencesOf(markdown: string): string[] {
  const prose = markdown
    .replaceAll(/^( *)(`{3,}|~{3,})[\s\S]*?^\1\2$/gm, "\n\n")
    .replaceAll(/<!--[\s\S]*?-->|<[^>\n]+>/g, "")
    .replaceAll(/^(?:#|\||\[[^\]]+\]:).*$/gm, "\n")
    .replaceAll(/!\[[^\]]*\]\([^)]*\)/g, "")
    .replaceAll(/\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])/g, "$1")
    .replaceAll(/`[^`\n]*`/g, "code")
    .replaceAll(/[*_]{1,2}/g, "");
  return prose
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)/)
    .flatMap((block) =>
      block.replaceAll(/\s+/g, " ").split(/(?<=[.!?:])["')]*\s+(?=[\p{Lu}"(\d]|code\b)/u),
    )
    .map((sentence) => sentence.replace(/^\s*(?:[-*>]|\d+\.)\s+/, "").trim())
    .filter((sentence) => wordsOf(sentence).length > 2);
}

function wordsOf(sentence: string): string[] {
  return sentence.match(/[\p{L}\p{N}][\p{L}\p{N}'’.,-]*/gu) ?? [];
}

/** How many syllables an English word has, more or less. */
export function syllablesOf(word: string): number {
  const letters = word.toLowerCase().replaceAll(/[^a-z]/g, "");
  const known = SYLLABLES.get(letters);
  if (known !== undefined) return known;
  const spoken = letters.replace(/(?:[^laeiouy]es|[^aeiouytd]ed|[^laeiouy]e)$/, (end) =>
    end.charAt(0),
  );
  return Math.max(1, spoken.match(/[aeiouy]{1,2}/g)?.length ?? 1);
}

interface ReadingEase {
  readonly words: number;
  readonly wordsPerSentence: number;
  /** The share of sentences that have more than 25 words. */
  readonly longShare: number;
  /** The share of those that have more than 30. */
  readonly veryLongShare: number;
  readonly ease: number;
  readonly grade: number;
  readonly oldStylePerThousand: number;
}

/** The figures of a page; NaN for a page without a sentence. */
export function readingEase(markdown: string): ReadingEase {
  const sentences = sentencesOf(markdown);
  const lengths = sentences.map((sentence) => wordsOf(sentence).length);
  const words = sentences.flatMap(wordsOf);
  const syllables = words.reduce((sum, word) => sum + syllablesOf(word), 0);
  const perSentence = words.length / sentences.length;
  const perWord = syllables / words.length;
  const share = (limit: number): number =>
    lengths.filter((length) => length > limit).length / lengths.length;
  const text = sentences.join("\n");
  const marks = OLD_STYLE.reduce((sum, pattern) => sum + [...text.matchAll(pattern)].length, 0);
  return {
    words: words.length,
    wordsPerSentence: perSentence,
    longShare: share(LONG_SENTENCE),
    veryLongShare: share(VERY_LONG_SENTENCE),
    ease: 206.835 - 1.015 * perSentence - 84.6 * perWord,
    grade: 0.39 * perSentence + 11.8 * perWord - 15.59,
    oldStylePerThousand: (marks / words.length) * 1_000,
  };
}

function main(): void {
  const { values, positionals } = parseArgs({
    options: { at: { type: "string" } },
    allowPositionals: true,
  });
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8" });
  const listed = values.at ? git("ls-tree", "-r", "--name-only", values.at) : git("ls-files");
  const all = listed.split("\n").filter((path) => /^(?:README|docs\/.*)\.md$/.test(path));
  console.info("  words  words/sentence  >25 words  ease  grade  old style/1,000  page");
  for (const path of positionals.length > 0 ? positionals : all) {
    const text = values.at
      ? git("show", `${values.at}:${path}`)
      : readFileSync(`${root}/${path}`, "utf8");
    const { words, wordsPerSentence, longShare, ease, grade, oldStylePerThousand } =
      readingEase(text);
    if (words === 0) continue;
    const cells = [
      String(words).padStart(7),
      wordsPerSentence.toFixed(1).padStart(14),
      `${(longShare * 100).toFixed(0)} %`.padStart(9),
      ease.toFixed(0).padStart(4),
      grade.toFixed(1).padStart(5),
      oldStylePerThousand.toFixed(1).padStart(15),
      path,
    ];
    console.info(cells.join("  "));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
