using KnowledgeDistillation.Endurance;

string[] usage =
[
    "Long runs that show what a test cannot. Optimizer: own (that of the library, the default) or torchsharp.",
    "  soak [STEPS] [OPTIMIZER]            resident memory over a fit whose finalizers are late, every tenth of the steps",
    "  collections [FITS] [STEPS] [OPTIMIZER]   fits beside a thread that allocates and collects; counts those that fail",
    "  kills [FITS] [SEED]                 distillations that are killed at any moment and resumed; compares their files with one that was not killed",
    "  calls [MOMENTS]                     the same, killed or refused at chosen system calls, MOMENTS of each kind (Linux, strace)",
];
return args switch
{
    ["soak", .. string[] rest] => Soak.Run(Number(rest, 0, 10_000), Optimizer(rest)),
    ["collections", .. string[] rest] => Collections.Run(Number(rest, 0, 100), Number(rest, 1, 500), Optimizer(rest)),
    ["kills", .. string[] rest] => Kills.Run(Number(rest, 0, 20), Number(rest, 1, 1)),
    ["calls", .. string[] rest] => SystemCalls.Run(Number(rest, 0, 12)),
    // What 'kills' and 'calls' start.
    ["train", string folder] => Kills.Train(folder),
    ["train", string folder, string epochs] => Kills.Train(folder, int.Parse(epochs, System.Globalization.CultureInfo.InvariantCulture)),
    _ => Explain(),
};

static int Number(string[] words, int position, int standard) =>
    position < words.Length && int.TryParse(words[position], out int number) && number > 0 ? number : standard;

static bool Optimizer(string[] words) => !words.Contains("torchsharp");

int Explain()
{
    Console.WriteLine(string.Join(Environment.NewLine, usage));
    return 2;
}
