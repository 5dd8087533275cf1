"""Texts and special tokens of the tiny checkpoints."""

WORDS = (
    "the a cat dog bird mat house tree sat ran sings on under over in from to because it she he "
    "they was were is are tired happy red blue green small old new and or but not very every "
    "some word looks at another one two three river bank money deposit flows night day light "
    "dark who saw what when where love letter machine learning attention head layer key query"
)
LONG = "the old cat sat on the red mat because it was very tired and the small dog ran over it"
SHORT = "every word looks at another word"
TARGET = "she saw the night"
PAIR = ("the bird sings in the tree", "she was happy")
N_NEW = 8
VOCAB, END = 100, 99

BERT = ("[PAD] [UNK] [CLS] [SEP]", "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1")
ROBERTA = ("<s> <pad> </s> <unk>", "<s> $A </s>", "<s> $A </s> </s> $B </s>")
PLAIN = ("<pad> <s> </s> <unk>", "$A", "$A $B:1")
LLAMA = ("<pad> <s> </s> <unk>", "<s> $A", "<s> $A $B:1")
T5 = ("<pad> </s> <unk> <s>", "$A </s>", "$A $B </s>")
