"""Which architectures the corpus runs. No Paddle and no suite here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """One architecture of a suite.

    size: side of the images in pixels, or tokens of a sequence. arguments: what the suite's
    builder needs beside the name. quick: part of the slice that CI runs.
    """

    suite: str
    name: str
    optimizer: str
    batch_size: int = 2
    size: int = 224
    arguments: dict[str, Any] = field(default_factory=dict)
    quick: bool = False

    @property
    def key(self) -> str:
        return f"{self.suite}/{self.name}"

    @property
    def configuration(self) -> str:
        """What a measurement depends on beside the suite's code."""
        arguments = json.dumps(self.arguments, sort_keys=True)
        return f"{self.optimizer} batch {self.batch_size} size {self.size} {arguments}"


def _clas(names: str, optimizer: str, size: int = 224, **arguments: Any) -> list[Case]:
    return [
        Case(
            "PaddleClas",
            name.rstrip("*"),
            optimizer,
            size=size,
            arguments=arguments,
            quick=name.endswith("*"),
        )
        for name in names.split()
    ]


_CLAS = [
    *_clas(
        "AlexNet VGG11 ResNet18* ResNet34_vd ResNet50 ResNet50_vd ResNet50_vc ResNeXt50_32x4d "
        "ResNeXt50_vd_32x4d SE_ResNet18_vd SE_ResNet50_vd SE_ResNeXt50_32x4d Res2Net50_26w_4s "
        "Res2Net50_vd_26w_4s ResNeSt50_fast_1s1x64d ResNeSt50 DenseNet121 DPN68 HRNet_W18_C "
        "SE_HRNet_W64_C GoogLeNet* SqueezeNet1_1* DarkNet53 CSPDarkNet53 RegNetX_200MF RegNetX_4GF "
        "DLA34 DLA46x_c RedNet26 HarDNet68 HarDNet39_ds PeleeNet RepVGG_A0* RepVGG_D2se "
        "PPHGNet_tiny PPHGNetV2_B0 PPLCNet_x1_0* PPLCNetV2_base ESNet_x1_0 MobileNetV1* "
        "MobileNetV2 "
        "MobileNetV3_small_x1_0 MobileNetV3_large_x1_0* MobileNetV4_conv_small* "
        "MobileNetV4_hybrid_medium ShuffleNetV2_x1_0* ShuffleNetV2_swish GhostNet_x1_0 MixNet_S "
        "ReXNet_1_0 TinyNet_C MicroNet_M1 MobileNeXt_x1_0 FasterNet_T0* StarNet_S1* "
        "Xception41_deeplab",
        "Momentum",
    ),
    *_clas("InceptionV3 InceptionV4 Xception41", "Momentum", size=299),
    *_clas("EfficientNetB0* EfficientNetB3 EfficientNetV2_S", "Adam"),
    *_clas(
        "ViT_small_patch16_224 DeiT_tiny_patch16_224 DeiT_tiny_distilled_patch16_224 "
        "SwinTransformer_tiny_patch4_window7_224 CSWinTransformer_tiny_224 pcpvt_small "
        "alt_gvt_small LeViT_128S* LeViT_256 TNT_small PVT_V2_B0* PVT_V2_B2_Linear VAN_B0* "
        "ConvNeXt_tiny NextViT_small_224 CvT_13_224 DSNet_tiny CLIP_vit_base_patch32_224 "
        "BEiTv2_vit_base_patch16_224 MOCOV3_vit_small",
        "AdamW",
    ),
    *_clas("SwinTransformerV2_tiny_patch4_window8_256", "AdamW", size=256),
    *_clas("UniFormer_small", "AdamW", pretrained=False),
    *_clas("MobileViT_XXS MobileViT_S MobileViTV2_x0_5 MobileViTV3_XXS", "AdamW", size=256),
    *_clas("SVTR_tiny", "AdamW", size=48),
]

_CE, _OHEM = "CrossEntropyLoss", "OhemCrossEntropyLoss"
_PLAIN = ["plain"]
"""Paddle's own cross entropy: the losses of paddleseg 2.8.0 on PyPI fail on Paddle 3.3."""
_OS8 = {"output_stride": 8}


def _seg(name: str, optimizer: str = "Momentum", size: int = 128, **arguments: Any) -> Case:
    return Case(
        "PaddleSeg", name.rstrip("*"), optimizer, 2, size, arguments, quick=name.endswith("*")
    )


def _on_resnet(name: str, depth: str = "18", losses: Any = (_CE,), **arguments: Any) -> Case:
    """A model on a dilated ResNet."""
    backbone = {"backbone": f"ResNet{depth}_vd", "backbone_options": _OS8}
    return _seg(f"{name}-ResNet{depth}", losses=list(losses), **backbone, **arguments)


_SEG = [
    _on_resnet("CCNet", backbone_indices=[2, 3], enable_auxiliary_loss=True, losses=(_OHEM, _CE)),
    _on_resnet("DeepLabV3"),
    _on_resnet("DeepLabV3P"),
    _on_resnet("DMNet"),
    _on_resnet("EMANet"),
    _on_resnet("ENCNet", losses=(_CE, _CE, "SECrossEntropyLoss")),
    _on_resnet("GCNet"),
    _on_resnet("GloRe"),
    _on_resnet(
        "GSCNN",
        losses=(_CE, "EdgeAttentionLoss", "BCELoss", "DualTaskLoss"),
        backbone_indices=[0, 1, 2, 3],
    ),
    _on_resnet(
        "DecoupledSegNet",
        losses=(_OHEM, "RelaxBoundaryLoss", "BCELoss", "OhemEdgeAttentionLoss"),
        backbone_indices=[0, 3],
    ),
    _on_resnet("ISANet"),
    _on_resnet("PFPNNet", backbone_indices=[0, 1, 2, 3], channels=256),
    _on_resnet("PointRend", losses=("PointCrossEntropyLoss", _CE), backbone_indices=[0, 1, 2, 3]),
    _on_resnet("UPerNet", backbone_indices=[0, 1, 2, 3], channels=512, enable_auxiliary_loss=True),
    _on_resnet("SFNet", losses=(_OHEM,), backbone_indices=[0, 1, 2, 3]),
    _on_resnet("BiseNetV1", losses=(_OHEM,)),
    _seg("BiSeNetV2", losses=_PLAIN),
    _seg("AttentionUNet"),
    _seg("DDRNet_23", losses=[_OHEM], enable_auxiliary_loss=True),
    _seg("ENet"),
    _seg("ESPNetV1", level2_depth=2, level3_depth=8),
    _seg("ESPNetV2", scale=2.0),
    _seg("FastSCNN", losses=_PLAIN, enable_auxiliary_loss=True),
    _seg("FCN-HRNet_W18", backbone="HRNet_W18", backbone_indices=[-1]),
    _seg("OCRNet-HRNet_W18", backbone="HRNet_W18", backbone_indices=[0]),
    _seg("HarDNet", losses=["BootstrappedCrossEntropyLoss"]),
    _seg(
        "HRNetW48Contrast",
        losses=[_CE, "PixelContrastCrossEntropyLoss"],
        backbone="HRNet_W48",
        bb_channels=720,
        drop_prob=0.1,
        proj_dim=720,
    ),
    _seg(
        "LPSNet", depths=[1, 3, 3, 10, 10], channels=[8, 24, 64, 160, 160], scale_ratios=[1, 0.25]
    ),
    _seg("LRASPP-MobileNetV3", losses=[_OHEM], backbone="MobileNetV3_large_x1_0_os8"),
    _seg("MobileSeg-GhostNet", losses=[_OHEM], backbone="GhostNet_x1_0"),
    _seg("PortraitNet-MobileNetV2", backbone="MobileNetV2_x1_0", size=224),
    _seg("PPHumanSegLite*", losses=_PLAIN, num_classes=2),
    _seg("PPLiteSeg-STDC1", losses=_PLAIN, backbone="STDC1"),
    _seg("STDCSeg-STDC1", losses=[_OHEM, _OHEM, _OHEM, "DetailAggregateLoss"], backbone="STDC1"),
    _seg("PPMobileSeg-Base", "AdamW", backbone="MobileSeg_Base"),
    _seg("RTFormer", "AdamW"),
    _seg(
        "SegFormer-B0*",
        "AdamW",
        losses=_PLAIN,
        backbone="MixVisionTransformer_B0",
        embedding_dim=256,
    ),
    _seg("SegNeXt-T", "AdamW", backbone="MSCAN_T", decoder_cfg={"channels": 256}),
    _seg(
        "LinearSegmenter-ViT",
        "AdamW",
        backbone="VisionTransformer",
        backbone_options={"img_size": 128, "embed_dim": 384, "depth": 12, "num_heads": 6},
    ),
    _seg("TopFormer-Base", "AdamW", backbone="TopTransformer_Base"),
    _seg("SINet", size=224, num_classes=2),
    _seg("SegNet"),
    _seg("U2Netp"),
    _seg("U2Net"),
    _seg("UNet", use_deconv=True),
    _seg("UNet3Plus", is_deepsup=True),
    _seg("UNetPlusPlus", use_deconv=True, is_ds=True),
]


def _ocr(config: str, labels: str, image: tuple[int, int, int], optimizer: str = "Adam") -> Case:
    arguments = {"config": config, "labels": labels, "image": list(image)}
    return Case("PaddleOCR", config.split("/")[-1], optimizer, 2, image[1], arguments)


_PAGE = (3, 320, 320)
_LINE = (3, 32, 100)

_OCR = [
    _ocr("cls/cls_mv3", "direction", (3, 48, 192)),
    _ocr("det/det_mv3_db", "db", _PAGE),
    _ocr("det/det_r50_vd_db", "db", _PAGE),
    _ocr("det/det_r50_db++_icdar15", "db", _PAGE),
    _ocr("det/det_res18_db_v2.0", "db", _PAGE),
    _ocr("det/ch_PP-OCRv3/ch_PP-OCRv3_det_student", "db", _PAGE),
    _ocr("det/ch_PP-OCRv4/ch_PP-OCRv4_det_student", "db", _PAGE),
    _ocr("det/det_mv3_east", "east", _PAGE),
    _ocr("det/det_r50_vd_east", "east", _PAGE),
    _ocr("det/det_mv3_pse", "pse", _PAGE),
    _ocr("det/det_r50_vd_pse", "pse", _PAGE),
    _ocr("det/det_r50_vd_sast_icdar15", "sast", _PAGE),
    _ocr("rec/rec_mv3_none_none_ctc", "ctc", _LINE),
    _ocr("rec/rec_mv3_none_bilstm_ctc", "ctc", _LINE),
    _ocr("rec/rec_r34_vd_none_bilstm_ctc", "ctc", _LINE),
    _ocr("rec/rec_mv3_tps_bilstm_ctc", "ctc", _LINE),
    _ocr("rec/ch_PP-OCRv2/ch_PP-OCRv2_rec", "ctc", (3, 32, 320)),
    _ocr("rec/PP-OCRv3/ch_PP-OCRv3_rec", "multi", (3, 48, 320)),
    _ocr("rec/PP-OCRv4/ch_PP-OCRv4_rec", "multi", (3, 48, 320)),
    _ocr("rec/PP-OCRv4/ch_PP-OCRv4_rec_hgnet", "multi", (3, 48, 320)),
    _ocr("rec/rec_svtrnet", "ctc", (3, 64, 256), "AdamW"),
    _ocr("rec/rec_vitstr_none_ce", "nrtr", (1, 224, 224)),
    _ocr("rec/rec_mtb_nrtr", "nrtr", (1, 32, 100)),
    _ocr("rec/rec_r31_sar", "sar", (3, 48, 160)),
    _ocr("rec/rec_r31_robustscanner", "robust", (3, 48, 160)),
    _ocr("rec/rec_satrn", "satrn", _LINE),
    _ocr("rec/rec_r50_fpn_srn", "srn", (1, 64, 256)),
    _ocr("rec/rec_resnet_stn_bilstm_att", "seed", (3, 64, 256)),
    _ocr("rec/rec_r45_abinet", "abinet", (3, 32, 128)),
    _ocr("table/table_mv3", "table", (3, 488, 488)),
    _ocr("table/SLANet", "table", (3, 488, 488)),
]


def _det(
    config: str, optimizer: str = "Momentum", size: int = 320, quick: bool = False, **more: Any
) -> Case:
    name = config.split("/")[-1]
    arguments = {"config": config, **more}
    return Case("PaddleDetection", name, optimizer, 2, size, arguments, quick)


def _rcnn(config: str, rois: int = 32) -> Case:
    """How many regions random weights propose is chance, so all are kept and a few sampled."""
    return _det(config, rois=rois)


_DETECTION = [
    _det("yolov3/yolov3_mobilenet_v1_270e_coco"),
    _det("ppyolo/ppyolo_r18vd_coco"),
    _det("ppyolo/ppyolo_r50vd_dcn_1x_coco"),
    _det("ppyolo/ppyolo_tiny_650e_coco"),
    _det("ppyoloe/ppyoloe_crn_s_300e_coco"),
    _det("ppyoloe/ppyoloe_plus_crn_s_80e_coco"),
    _det("yolox/yolox_s_300e_coco"),
    _det("yolox/yolox_nano_300e_coco"),
    _det("picodet/picodet_s_320_coco_lcnet"),
    _det("ssd/ssd_mobilenet_v1_300_120e_voc", size=300),
    _det("ssd/ssd_vgg16_300_240e_voc", size=300),
    _rcnn("faster_rcnn/faster_rcnn_r50_fpn_1x_coco"),
    _rcnn("faster_rcnn/faster_rcnn_r50_1x_coco", rois=8),
    _rcnn("mask_rcnn/mask_rcnn_r50_fpn_1x_coco"),
    _rcnn("cascade_rcnn/cascade_rcnn_r50_fpn_1x_coco"),
    _det("retinanet/retinanet_r50_fpn_1x_coco"),
    _det("fcos/fcos_r50_fpn_1x_coco"),
    _det("gfl/gfl_r50_fpn_1x_coco"),
    _det("tood/tood_r50_fpn_1x_coco"),
    _det("yolof/yolof_r50_c5_1x_coco"),
    _det("ttfnet/ttfnet_darknet53_1x_coco"),
    _det("ttfnet/pafnet_lite_mobilenet_v3_20x_coco"),
    _det("centernet/centernet_r18_140e_coco", "Adam"),
    _det("solov2/solov2_r50_fpn_1x_coco"),
    _det("sparse_rcnn/sparse_rcnn_r50_fpn_3x_pro100_coco", "AdamW"),
    _det("detr/detr_r50_1x_coco", "AdamW"),
    _det("deformable_detr/deformable_detr_r50_1x_coco", "AdamW"),
    _det("rtdetr/rtdetr_r18vd_6x_coco", "AdamW"),
    _det("face_detection/blazeface_1000e"),
]


def _nlp(name: str, labels: str = "classes", **arguments: Any) -> Case:
    """The real class with two layers and a small vocabulary: the CPU computes it in seconds."""
    given = {"labels": labels, **_TINY, **arguments}
    return Case("PaddleNLP", name.rstrip("*"), "AdamW", 2, 64, given, name.endswith("*"))


_TINY = {"num_hidden_layers": 2, "vocab_size": 4000}
_SMALL = {"hidden_size": 512, "num_attention_heads": 8}

_NLP = [
    _nlp("BertForSequenceClassification"),
    _nlp("BertForMaskedLM", "tokens"),
    _nlp("ErnieForSequenceClassification*"),
    _nlp("ErnieForTokenClassification", "tokens", num_labels=1000),
    _nlp("ErnieMForSequenceClassification"),
    _nlp("ErnieGramForSequenceClassification", "outside"),
    _nlp("RobertaForSequenceClassification"),
    _nlp("AlbertForSequenceClassification*", "outside"),
    _nlp("ElectraForSequenceClassification"),
    _nlp("DistilBertForSequenceClassification", "outside"),
    _nlp("TinyBertForSequenceClassification"),
    _nlp("MobileBertForSequenceClassification*", "outside"),
    _nlp("MPNetForSequenceClassification", "outside"),
    _nlp("NeZhaForSequenceClassification"),
    _nlp("ConvBertForSequenceClassification"),
    _nlp("RoFormerForSequenceClassification"),
    _nlp("SqueezeBertForSequenceClassification", "outside"),
    _nlp("FNetForSequenceClassification*"),
    _nlp("DebertaForSequenceClassification"),
    _nlp("XLNetForSequenceClassification"),
    _nlp("PPMiniLMForSequenceClassification", "outside"),
    _nlp("LayoutLMForSequenceClassification", "outside", inputs={"bbox": "boxes"}),
    _nlp("NystromformerForSequenceClassification"),
    _nlp("RemBertForSequenceClassification", "outside"),
    _nlp("BartForConditionalGeneration", "tokens", inputs={"decoder_input_ids": "zeros"}),
    _nlp("T5ForConditionalGeneration", "tokens", bos_token_id=0),
    _nlp("GPTForCausalLM*", "tokens"),
    _nlp("OPTForCausalLM", "tokens"),
    _nlp("LlamaForCausalLM*", "tokens", intermediate_size=1376, **_SMALL),
    _nlp(
        "QWenForCausalLM",
        "tokens",
        seq_length=2048,
        kv_channels=64,
        intermediate_size=2752,
        **_SMALL,
    ),
    _nlp("MixtralForCausalLM", "tokens", intermediate_size=1376, num_key_value_heads=8, **_SMALL),
    _nlp("BloomForCausalLM", "tokens", hidden_size=512, n_layer=4, n_head=8),
]

CASES = {case.key: case for case in (*_CLAS, *_SEG, *_OCR, *_DETECTION, *_NLP)}
